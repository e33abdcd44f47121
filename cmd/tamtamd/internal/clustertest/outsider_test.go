// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

const (
	// outsiderTries is how many packets each outsider sends.
	outsiderTries = 100_000
	// outsiderBatch is how many are sent before it is looked whether they arrived.
	outsiderBatch = 500
)

// outsider sends a sealed daemon what comes from without.
type outsider struct {
	name string
	next func(i int) (by *net.UDPConn, b []byte)
	// opens: what it sends was sealed with the cluster's key, by somebody else.
	opens bool
}

// TestOutsiders: who replays a capture, flips bits in it, has another key or one that was
// removed, or none, gets nothing in, and changes nothing.
func TestOutsiders(t *testing.T) {
	old, oldKey := NewKey(t)
	_, wrong := NewKey(t)
	r := startRelay(t)
	victim := startBehind(t, r, "--keyring-file", Keyring(t, old))
	all := []*Daemon{victim}
	join := func(key string) {
		t.Helper()
		all = append(all, StartDaemon(t, bin, nil, "--keyring-file", Keyring(t, key), "--join", r.addr.String()))
		for _, d := range all {
			Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
		}
	}
	join(old)
	speak := func(text string) {
		t.Helper()
		if r := all[1].Ctl("broadcast", text); r.Code != 0 {
			t.Fatalf("broadcast: %+v", r)
		}
	}
	stream := StartStream(t, victim, "stream")
	speak("with the old key")
	stream.Wants(t, "with the old key\n")
	underOld := len(r.capture())
	join(rotate(t, victim, old)) // so that the new key has sealed a hello, too
	speak("with the new key")
	stream.Wants(t, "with the old key\nwith the new key\n")
	gossips := sent(victim)
	Eventually(t, "they gossip", func() bool { return sent(victim) > gossips+50 })
	capture := r.capture()
	t.Logf("captured %d packets, %d of them before the rotation", len(capture), underOld)

	rnd := rand.New(rand.NewPCG(1, 2))
	own := newRawSocket(t)
	attacks := &attacker{r: rnd, f: datagram.IPv4}
	for _, d := range all {
		attacks.members = append(attacks.members, d.Gossip)
	}
	by := func(p packet, i int) *net.UDPConn { // from where it came, or from elsewhere
		if i%2 == 0 {
			return p.by
		}
		return own.conn
	}
	shadow, ghost := newShadow(t, wrong, all), newShadow(t, oldKey, all)
	for _, o := range []outsider{
		{"replayer", func(i int) (*net.UDPConn, []byte) {
			p := capture[i/2%len(capture)]
			return by(p, i), p.b
		}, true},
		{"bit flipper", func(i int) (*net.UDPConn, []byte) {
			p := capture[rnd.IntN(len(capture))]
			b := slices.Clone(p.b)
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			return by(p, i), b
		}, false},
		{"other key", func(i int) (*net.UDPConn, []byte) { return own.conn, shadow.next() }, false},
		{"removed key", func(i int) (*net.UDPConn, []byte) {
			if i%2 == 0 {
				p := capture[i/2%underOld]
				return by(p, i/2), p.b
			}
			return own.conn, ghost.next()
		}, false},
		{"no key", func(i int) (*net.UDPConn, []byte) {
			if i%2 == 0 {
				return own.conn, attacks.next()
			}
			f := rawFrame{kind: randomKind(rnd), session: attacks.counter(), counter: attacks.counter()}
			f.payload = attacks.payload(f)
			return own.conn, f.bytes()
		}, false},
	} {
		t.Run(o.name, func(t *testing.T) { keepOut(t, o, r.to, own, victim, all) })
	}
	speak("afterwards")
	stream.Wants(t, "with the old key\nwith the new key\nafterwards\n")
}

// keepOut lets an outsider send, and fails when anything comes of it.
func keepOut(t *testing.T, o outsider, to netip.AddrPort, own *rawSocket, victim *Daemon, all []*Daemon) {
	own.drain()
	watch := StartWatch(t, victim)
	before, members, memory := victim.Counters(), victim.Members(), residentKiB(t, victim)
	tried, in, hellos, began := 0, 0, 0, time.Now()
	for i := range outsiderTries {
		by, b := o.next(i)
		if _, err := by.WriteToUDPAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
		tried++
		in += len(b)
		if by == own.conn && len(b) > 3 && b[3] == kindHello|sealedBit {
			hellos += len(b)
		}
		if tried%outsiderBatch == 0 || i == outsiderTries-1 {
			Eventually(t, "they arrive", func() bool {
				return victim.Counters()["datagrams_received"]-before["datagrams_received"] >= uint64(tried)*95/100
			})
		}
	}
	after := victim.Counters()
	grew := func(counter string) int { return int(after[counter] - before[counter]) }
	answers, bytes := own.answers()
	t.Logf("%d packets of %d bytes in %v; arrived %d, not opened %d, duplicates %d, of no session %d, answered from a strange address %d, %d bytes; all that was sent: %d bytes",
		tried, in, time.Since(began).Round(time.Millisecond), grew("datagrams_received"), grew("dropped_unsealed"), grew("duplicates"),
		grew("dropped_unknown_session")+grew("dropped_unknown_connection"), answers, bytes, grew("bytes_sent"))
	// A short header of no open session is dropped before anything is decrypted.
	dropped := grew("dropped_unsealed") + grew("dropped_unknown_session") + grew("dropped_unknown_connection")
	if o.opens {
		dropped += grew("duplicates") + grew("dropped_bad_cookie") + grew("dropped_unasked_welcome") +
			grew("frames_welcome") + grew("dropped_bad_info") + grew("dropped_ended_session") + grew("dropped_old_info")
	}
	if dropped < tried*9/10 {
		t.Errorf("of %d only %d are accounted for: %v", tried, dropped, after)
	}
	// Nobody from without is answered but for a hello that the cluster's key opens, by no
	// more than came. What a member has sent is acknowledged to the member again. On a busy
	// machine, a member may suspect this one, and greet it.
	if bytes > hellos || !o.opens && (answers > 0 || grew("frames_welcome")+grew("frames_refuse") > tried/1000) {
		t.Errorf("%d answers of %d bytes, for hellos of %d; %d welcomes", answers, bytes, hellos, grew("frames_welcome"))
	}
	if o.opens && (answers == 0 || grew("duplicates") == 0) {
		t.Error("no hello was answered, and nothing was opened: this tests nothing")
	}
	if out := grew("bytes_sent"); out > in+1<<20 { // beside what the members tell each other
		t.Errorf("%d bytes in, %d out", in, out)
	}
	for _, counter := range []string{"sessions", "members", "candidates"} {
		if after[counter] > before[counter] {
			t.Errorf("%s were %d and are %d", counter, before[counter], after[counter])
		}
	}
	for _, counter := range []string{"broadcasts_received", "queries_received", "smudge_panics"} {
		if grew(counter) != 0 {
			t.Errorf("%s grew by %d", counter, grew(counter))
		}
	}
	if grown := residentKiB(t, victim) - memory; grown > 48<<10 {
		t.Errorf("grown by %d KiB", grown)
	} else {
		t.Logf("grown by %d KiB", grown)
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	// A machine that is slow may make one be suspected, but nobody is another than before.
	for _, e := range watch.Events() {
		m, known := members[e.Member.Address]
		if e.Event == "removed" || e.Event == "change" && (!known || m.Session != e.Member.Session || e.Member.Status == "LEFT") {
			t.Errorf("the watch tells %+v", e)
		} else if e.Event == "change" {
			t.Logf("the watch tells %+v", e)
		}
	}
	if strings.Contains(victim.out.String(), "panic") {
		t.Error("it panicked")
	}
}

// answers returns how many packets have come to a socket, and how many bytes in them.
func (s *rawSocket) answers() (packets, size int) {
	b := make([]byte, 2048)
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := s.conn.Read(b)
		if err != nil {
			return packets, size
		}
		packets++
		size += n
	}
}

// rotate puts a new key in the place of one on all nodes.
func rotate(t testing.TB, d *Daemon, old string) (next string) {
	t.Helper()
	next = keyOf(t)
	do := func(stdin string, args ...string) string {
		r := d.CtlIn(stdin, append([]string{"keys"}, args...)...)
		if r.Code != 0 {
			t.Fatalf("keys %v: %+v", args, r)
		}
		return strings.TrimSpace(r.Out)
	}
	do("", "use", do(next, "install", "-"))
	do("", "remove", nameOf(t, old))
	return next
}

// shadow is a cluster of two that has another key than the one it copies: what one sends
// the other is what a member would send, but for the key.
type shadow struct {
	now     time.Time
	a, b    *wire.Core
	victim  netip.AddrPort
	packets [][]byte // of a
	i       int
}

func newShadow(t testing.TB, key wire.Key, all []*Daemon) *shadow {
	t.Helper()
	s := &shadow{now: time.Now(), victim: all[0].Gossip}
	core := func(addr netip.AddrPort, output func(netip.AddrPort, []byte)) *wire.Core {
		return wire.NewCore(wire.CoreConfig{
			Info:   wire.Info{Addr: addr, Cluster: "smudge", Profile: membership.Profile{MaxPayload: 256, Name: "shadow", Version: "devel"}.Encode()},
			Timing: wire.LAN, Channels: membership.Channels, Keys: []wire.Key{key}, Random: rand.Uint64, Output: output,
		}, s.now)
	}
	var toA, toB [][]byte
	s.a = core(all[1].Gossip, func(_ netip.AddrPort, b []byte) {
		s.packets = append(s.packets, b)
		toB = append(toB, b)
	})
	s.b = core(s.victim, func(_ netip.AddrPort, b []byte) { toA = append(toA, b) })
	s.a.Greet(s.now, s.victim)
	for len(toA)+len(toB) > 0 {
		in, out := toA, toB
		toA, toB = nil, nil
		for _, b := range in {
			s.a.Receive(s.now, s.victim, b)
		}
		for _, b := range out {
			s.b.Receive(s.now, all[1].Gossip, b)
		}
	}
	if !s.a.Has(s.victim) {
		t.Fatal("the shadow has no session")
	}
	return s
}

// next returns another packet, none of which was returned before.
func (s *shadow) next() []byte {
	s.i++
	for len(s.packets) < s.i {
		s.now = s.now.Add(10 * time.Second) // what was sent is forgotten
		switch s.i % 4 {
		case 0:
			s.a.Probe(s.now, s.victim)
		case 1:
			s.a.Send(s.now, s.victim, membership.BroadcastChannel, []byte(fmt.Sprint("message ", s.i)), 0)
		case 2:
			s.a.Send(s.now, s.victim, membership.QuestionChannel, []byte("12345678who?"), 0)
		default:
			s.a.Send(s.now, s.victim, membership.MembersChannel, appendAddress([]byte{1, 0, 0, 0, 0, 0, 0, 0, 7}, s.victim), 0)
		}
		s.a.Tick(s.now)
	}
	b := s.packets[s.i-1]
	s.packets[s.i-1] = nil
	return b
}
