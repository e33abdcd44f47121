// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// event is one that came.
type event struct{ id, name, data string }

// reader reads a stream.
type reader struct {
	t      *testing.T
	body   *bufio.Reader
	code   int
	cancel func()
}

// read opens the stream at a path.
func (b *bench) read(path string, headers ...string) *reader {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	b.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", b.http.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = resp.Body.Close() })
	return &reader{b.t, bufio.NewReader(resp.Body), resp.StatusCode, cancel}
}

// next returns the next event of a name that is wanted; the others are left.
func (r *reader) next(names ...string) event {
	r.t.Helper()
	var e event
	for {
		line, err := r.body.ReadString('\n')
		if err != nil {
			r.t.Fatalf("no %q: %v", names, err)
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			for _, n := range names {
				if n == e.name {
					return e
				}
			}
			e = event{}
		default:
			r.t.Fatalf("line %q", line)
		}
	}
}

func of[T any](t *testing.T, e event) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.data), &v); err != nil {
		t.Fatalf("%s: %v", e.data, err)
	}
	return v
}

func TestEvents(t *testing.T) {
	const bound = time.Second // short, but a request is answered within it on a slow machine
	b := serveWithin(t, bound)
	b.page.every = 100 * time.Millisecond
	b.table.Put(alice, member.Info{Session: 2, Name: hostile})
	r := b.read("/events")
	e := r.next("snapshot", "change", "beat")
	v := of[statusView](t, e)
	if e.name != "snapshot" || e.id != v.Revision || len(v.Members) != 2 || v.Members[1].Name != hostile {
		t.Errorf("first: %+v", e)
	}
	// Longer than the server's own bounds on a request.
	for began := time.Now(); time.Since(began) < 2*bound; {
		if beat := of[beatView](t, r.next("beat")); beat.Phase != "starting" || beat.Flapping == nil {
			t.Errorf("beat: %+v", beat)
		}
	}
	b.table.Set(alice, member.Dead, self)
	e = r.next("change")
	c := of[changeView](t, e)
	if c.Member.Status != "DEAD" || c.Step.From != "ALIVE" || c.Step.Reason != "NO_ANSWER" || e.id == v.Revision {
		t.Errorf("change: %+v", e)
	}
	b.table.Remove(alice, self, member.GivenUp)
	if c := of[changeView](t, r.next("change")); c.Member.Status != "REMOVED" || c.Step.From != "DEAD" || c.Step.To != "REMOVED" {
		t.Errorf("removal: %+v", c)
	}
	b.table.Close()
	if end := of[endView](t, r.next("end")); end.Why != "closing" {
		t.Errorf("end: %+v", end)
	}
}

// TestResume: who has seen a revision gets what came after it, however it is named, and a
// snapshot when that is not known.
func TestResume(t *testing.T) {
	b := serve(t)
	seen := b.status().Revision
	b.table.Put(alice, member.Info{Session: 2})
	b.table.Set(alice, member.Suspected, self)
	for _, c := range []struct {
		path    string
		headers []string
		want    string
	}{
		{"/events", []string{"Last-Event-ID", seen}, "change"},
		{"/events?after=" + seen, nil, "change"},
		{"/events?after=1", []string{"Last-Event-ID", seen}, "change"},
		{"/events?after=1", nil, "snapshot"},
		{"/events", nil, "snapshot"},
	} {
		r := b.read(c.path, c.headers...)
		e := r.next("snapshot", "change", "beat")
		if e.name != c.want {
			t.Errorf("%s %q: %s, want %s", c.path, c.headers, e.name, c.want)
		}
		if e.name == "change" {
			if second := r.next("snapshot", "change", "beat"); second.name != "change" || of[changeView](t, second).Step.To != "SUSPECTED" {
				t.Errorf("second: %+v", second)
			}
		}
		r.cancel()
	}
	if code, body, _ := b.do("GET", "/events?after=yesterday"); code != 400 || !strings.Contains(body, "yesterday") {
		t.Errorf("no number: %d %q", code, body)
	}
}

// TestMessages: their events have no payload, and of many the last are shown.
func TestMessages(t *testing.T) {
	b := serve(t)
	message := func(i int) broadcast.Message {
		return broadcast.Message{
			Stream: broadcast.Stream{Origin: alice, Session: 1<<64 - 1}, Sequence: uint64(i), Topic: "<b>topic",
			Payload: []byte("nobody's business"), Received: start,
		}
	}
	for i := range 30 {
		b.kept = append(b.kept, message(i+1))
	}
	r := b.read("/events")
	e := r.next("messages")
	v := of[messagesView](t, e)
	if len(v.Messages) != maxMessages || v.Messages[0].Sequence != "11" || v.Skipped != 0 || strings.Contains(e.data, "business") || strings.Contains(e.data, "<b>") {
		t.Errorf("kept: %+v", e)
	}
	if m := v.Messages[0]; m.Session != "18446744073709551615" || m.Topic != "<b>topic" || m.Bytes != 17 || m.Received != start.UnixMilli() || m.Origin != alice.String() {
		t.Errorf("a message: %+v", m)
	}
	const many = 200 // within the buffer, so none is lost
	for i := range many - 1 {
		b.hub.Publish(broadcast.Delivery{Message: message(100 + i)})
	}
	b.hub.Publish(broadcast.Delivery{Gap: broadcast.Gap{Stream: broadcast.Stream{Origin: bob, Session: 3}, From: 5, To: 7}})
	told, skipped := 0, 0
	for told+skipped < many {
		v = of[messagesView](t, r.next("messages"))
		told, skipped = told+len(v.Messages), skipped+v.Skipped
		if len(v.Messages) > maxMessages {
			t.Fatalf("%d at a time", len(v.Messages))
		}
	}
	if m := v.Messages[len(v.Messages)-1]; m.Lost != 3 || m.Origin != bob.String() || m.Sequence != "5" {
		t.Errorf("gap: %+v", m)
	}
}

// TestBounds: there are so many readers and no more, and there is room again when one has
// gone; and who does not read is given up.
func TestBounds(t *testing.T) {
	b := serve(t)
	var readers []*reader
	for range maxReadersEach {
		r := b.read("/events")
		r.next("beat")
		readers = append(readers, r)
	}
	if code, _, h := b.do("GET", "/events"); code != 503 || h.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", code)
	}
	if code, _, _ := b.do("HEAD", "/events"); code != 200 {
		t.Errorf("HEAD takes room: %d", code)
	}
	m := map[string]uint64{}
	if b.page.Counters(m); m["page_readers"] != maxReadersEach || m["page_readers_refused"] != 1 {
		t.Errorf("counted: %v", m)
	}
	readers[0].cancel()
	for deadline := time.Now().Add(time.Minute); ; {
		if b.read("/events").code == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no room again")
		}
	}
}

// TestSlowReader: a reader that reads nothing loses its stream, and nobody waits for it.
func TestSlowReader(t *testing.T) {
	b := serve(t)
	slow := b.read("/events")
	slow.next("beat")
	other := b.read("/events")
	other.next("beat")
	// More than buffers of any size take: names are long. The other one keeps up.
	info := member.Info{Session: 2, Version: strings.Repeat("v", 64)}
	table := map[string]uint64{}
	for i := 0; table["member_changes_overflows"] == 0; i++ {
		if i == 1<<17 {
			t.Fatal("it was never given up")
		}
		info.Name = fmt.Sprintf("%0128d", i)
		b.table.Put(alice, info)
		if c := of[changeView](t, other.next("change")); c.Member.Name != info.Name {
			t.Fatalf("the other reader got %q", c.Member.Name)
		}
		b.table.Counters(table)
	}
	if end := of[endView](t, slow.next("end")); end.Why != "behind" {
		t.Errorf("end: %+v", end)
	}
}
