// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
)

// running is an Endpoint on the loopback interface, and what it reports.
type running struct {
	*Endpoint
	t      *testing.T
	addr   *Socket
	events chan Event
}

func run(t *testing.T, keys ...Key) *running {
	t.Helper()
	return runAt(t, listen(t, "127.0.0.1:0"), keys...)
}

func runAt(t *testing.T, socket *Socket, keys ...Key) *running {
	t.Helper()
	r := &running{t: t, addr: socket, events: make(chan Event, 100)}
	r.Endpoint = NewEndpoint(socket, CoreConfig{
		Info: Info{Addr: socket.Local(), Cluster: "test", Profile: "before"}, Timing: Local, Channels: simChannels, Keys: keys,
	})
	ended := make(chan error, 1)
	go func() {
		ended <- r.Run(func(e Event) {
			e.Data = bytes.Clone(e.Data)
			r.events <- e
		}, func() {})
	}()
	t.Cleanup(func() {
		r.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// wait returns the next event of a kind; others are skipped.
func (r *running) wait(k EventKind) Event {
	r.t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case e := <-r.events:
			if e.Kind == k {
				return e
			}
		case <-timeout:
			r.t.Fatalf("no event of kind %d", k)
		}
	}
}

// TestEndpoints: two of them open a session, talk on channels, and close it, with keys and
// without.
func TestEndpoints(t *testing.T) {
	for name, keys := range map[string][]Key{"clear": nil, "encrypted": {{1}}} {
		t.Run(name, func(t *testing.T) {
			a, b := run(t, keys...), run(t, keys...)
			to, from := b.addr.Local(), a.addr.Local()
			if a.Send(to, plain, nil, 0) || a.Session() == 0 || a.Session() == b.Session() {
				t.Error("it has a session from the start, or none of its own")
			}
			a.Greet(to)
			if e := a.wait(Up); e.Addr != to || e.Session != b.Session() || e.Profile != "before" {
				t.Errorf("up: %+v", e)
			}
			b.wait(Up)
			if nonce := a.Probe(to); a.wait(Answered).Nonce != nonce {
				t.Error("another probe is answered")
			}
			for _, send := range []func() bool{
				func() bool { return a.Send(to, plain, []byte("one"), 0) },
				func() bool { return a.SendWithAck(to, plain, []byte("one")) },
				func() bool { a.SendAll(plain, []byte("one")); return true },
			} {
				if ok := send(); !ok {
					t.Error("it is not sent")
				}
				if e := b.wait(Received); e.Addr != from || e.Session != a.Session() || e.Channel != plain || string(e.Data) != "one" {
					t.Errorf("received %+v", e)
				}
			}
			a.Send(to, prompt, nil, 9)
			if e := a.wait(Acked); e.Token != 9 || e.Channel != prompt {
				t.Errorf("acknowledged %+v", e)
			}
			a.SetProfile("after")
			if e := b.wait(Changed); e.Addr != from || e.Profile != "after" {
				t.Errorf("changed %+v", e)
			}
			if l := a.Links(); len(l) != 1 || l[0].Addr != to || l[0].Sent == 0 || a.RoundTrip(to) != l[0].RoundTrip {
				t.Errorf("links %+v, round trip %v", l, a.RoundTrip(to))
			}
			if share, frames, known := a.Loss(to); known != (frames >= arq.LossFrames) || frames == 0 || share < 0 || share > 1 {
				t.Errorf("loss rate %v, %v", share, known)
			}
			a.SendBare(to, []byte("bare"))
			if keys == nil {
				if e := b.wait(Stray); string(e.Data) != "bare" || e.Addr != from {
					t.Errorf("stray %+v", e)
				}
			}
			counters := counted(a)
			if counters["sessions"] != 1 || counters["frames_data"] == 0 || counters["datagrams_sent"] == 0 {
				t.Errorf("counted %v", counters)
			}
			if i := slices.IndexFunc(a.Traffic(), func(t Traffic) bool { return t.Kind == "data" && t.Sent > 0 }); i < 0 {
				t.Errorf("traffic %+v", a.Traffic())
			}
			a.CloseSession(to)
			if a.Send(to, plain, nil, 0) || len(a.Links()) != 0 {
				t.Error("the session is not closed")
			}
			old := b.Session()
			if b.Renew() == old || b.Session() == old || b.Send(from, plain, nil, 0) {
				t.Error("the session is the same")
			}
		})
	}
}

// TestEndpointKeys: nothing leaves an endpoint with keys in clear, and its keys can change.
func TestEndpointKeys(t *testing.T) {
	a, b, clear := run(t, Key{1}), run(t, Key{2}), run(t)
	b.Greet(a.addr.Local())
	if e := a.wait(Unsealed); e.Addr != b.addr.Local() {
		t.Errorf("unsealed %+v", e)
	}
	a.SendBare(clear.addr.Local(), []byte("bare"))
	a.Greet(clear.addr.Local())
	if e := clear.wait(Unsealed); e.Addr != a.addr.Local() { // and nothing stray before it
		t.Errorf("unsealed %+v", e)
	}
	b.SetKeys([]Key{{1}})
	b.Greet(a.addr.Local())
	a.wait(Up)
}

// TestAnnounce: an announcement is read by the nodes that have the key, and is no frame of
// a session.
func TestAnnounce(t *testing.T) {
	text := []byte("here I am")
	keys := map[string][]Key{"none": nil, "one": {{1}}, "two": {{2}}, "both": {{2}, {1}}}
	for from, fromKeys := range keys {
		for to, toKeys := range keys {
			a, b := run(t, fromKeys...), run(t, toKeys...)
			got, ok := b.Announced(a.Announce(text))
			want := from == "none" && to == "none" || len(toKeys) > 0 && len(fromKeys) > 0 && slices.Contains(toKeys, fromKeys[0])
			if to == "none" && from != "none" {
				// Encrypted, it is passed on as it came, and is none to who reads it.
				if !ok || bytes.Equal(got, text) {
					t.Errorf("%s to %s: %q", from, to, got)
				}
			} else if ok != want || ok && !bytes.Equal(got, text) {
				t.Errorf("%s to %s: %v, %q", from, to, ok, got)
			}
		}
	}
}

// setClock is the wall clock of a machine, which was set by so much just now.
type setClock struct{ jump time.Duration }

func (c *setClock) Jump(time.Time) (jump time.Duration) {
	jump, c.jump = c.jump, 0
	return jump
}

// TestClockJumps: a jump of the wall clock by more than 30 s, forward or back, begins a new
// session, and a smaller one does not.
func TestClockJumps(t *testing.T) {
	a, b := run(t), run(t)
	to := b.addr.Local()
	a.Greet(to)
	a.wait(Up)
	set := func(jump time.Duration) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.clock = &setClock{jump}
	}
	for _, jump := range []time.Duration{100 * time.Millisecond, 30 * time.Second, -30 * time.Second} {
		old := a.Session()
		if set(jump); a.Session() != old {
			t.Errorf("a jump of %v begins a new session", jump)
		}
	}
	for _, jump := range []time.Duration{31 * time.Second, -31 * time.Second, 8 * time.Hour} {
		old := a.Session()
		if set(jump); a.Session() == old || a.Send(to, plain, nil, 0) {
			t.Errorf("after a jump of %v the session is the same", jump)
		}
		if e := a.wait(Renewed); e.Session != a.Session() {
			t.Errorf("reported %+v", e)
		}
		a.Greet(to)
		if e := b.wait(Up); e.Session == old {
			b.wait(Up)
		}
		a.wait(Up)
	}
	if m := counted(a); m["clock_restarts"] != 3 {
		t.Errorf("counted %v", m)
	}
}
