// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"testing"
	"time"
)

// TestStoreForgetsStreams: what is known of those that ended is bounded, too.
func TestStoreForgetsStreams(t *testing.T) {
	s := newScript()
	s.store.maxCount = 10
	for session := range uint64(500) {
		s.Up(s.now, peer, session+2, true)
		theirs := Stream{peer, session + 2}
		s.hear(appendDigest(nil, flagMeet, []entry{{theirs, 0}}))
		for seq := range uint64(20) {
			s.hear(numbered(theirs, seq+1))
		}
		s.keep(&Message{Stream: Stream{Origin: at(int(session))}, Sequence: 1}) // of a plain Smudge node
		s.Gone(peer)
		s.now = s.now.Add(forgetAfter + time.Second)
		s.Tick(s.now)
	}
	if len(s.store.first) > 20 || len(s.streams) > 2 || len(s.waiting) > 2 {
		t.Errorf("500 sessions left %d first ones, %d streams, %d waiting", len(s.store.first), len(s.streams), len(s.waiting))
	}
}

// TestAheadIsBounded: a member sends all but the first of a stream, for long.
func TestAheadIsBounded(t *testing.T) {
	s, theirs := met()
	for seq := range uint64(10 * maxAhead) {
		s.hear(numbered(theirs, seq+2))
	}
	if n := len(s.streams[theirs].pending); n > maxAhead || n < maxAhead/2 {
		t.Errorf("%d wait", n)
	}
	s.hear(numbered(theirs, 1))
	if s.pending != 0 || len(s.got) != maxAhead {
		t.Errorf("%d bytes wait, %d handed on", s.pending, len(s.got))
	}
	// The rest is asked for.
	s.now = s.Next(s.now)
	s.Tick(s.now)
	wants := s.of(kindWant)
	if w, ok := parseWant(wants[len(wants)-1]); !ok || w != (want{theirs, maxAhead + 1, wantAtOnce}) {
		t.Errorf("asked for %+v", w)
	}
}

// TestWantIsAnsweredWithinBounds: as many as are asked for at a time, however many
// are, and messages that are no longer kept are reported.
func TestWantIsAnsweredWithinBounds(t *testing.T) {
	s := newScript()
	s.store.maxCount = 200
	s.Up(s.now, peer, 2, true)
	for range 300 {
		s.Broadcast(s.now, "", nil)
	}
	for _, c := range []struct {
		w             want
		repairs, gone int
	}{
		{want{local, 200, 1}, 1, 0}, {want{local, 200, 1<<16 - 1}, wantAtOnce, 0}, {want{local, 299, 64}, 2, 0},
		{want{local, 1, 64}, 0, 1}, {want{local, 90, 64}, 53, 1}, {want{local, 400, 64}, 0, 0},
		{want{local, 1<<64 - 1, 64}, 0, 0}, {want{Stream{other, 9}, 1, 64}, 0, 0}, {want{local, 200, 0}, 0, 0},
	} {
		s.sent = nil
		s.hear(appendWant(nil, c.w))
		if r, g := s.repairs(), len(s.of(kindGone)); r != c.repairs || g != c.gone {
			t.Errorf("%+v: %d repairs and %d gone, want %d and %d", c.w, r, g, c.repairs, c.gone)
		}
	}
}

// TestStreamsAreBounded: past the bound a new one is refused.
func TestStreamsAreBounded(t *testing.T) {
	s := newScript()
	for i := range MaxStreams + 10 {
		s.Up(s.now, at(i), 2, true)
		s.Receive(s.now, at(i), numbered(Stream{at(i), 2}, 1))
		s.sent = nil
	}
	if n := len(s.streams); n != MaxStreams || s.counts.Get(refused) != 10 {
		t.Errorf("%d streams, %d refused", n, s.counts.Get(refused))
	}
}

// TestLongRunIsBounded: all send at full speed, at a loss, with one that hears
// nothing, and what any of them holds stays within the bounds it is told.
func TestLongRunIsBounded(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(6)
	s.loss = 0.2
	for _, n := range all {
		n.store.maxCount, n.store.maxBytes = 500, 500*300
	}
	deaf := all[5].addr
	check := func() {
		t.Helper()
		for _, n := range all {
			if n.pending > 6*maxAhead*400 || n.store.len() > 500 || n.store.bytes > 500*300 || len(n.store.order.slots) > 1200 || len(n.streams) > 6 {
				t.Fatalf("%s: %d bytes pending, %d kept, %d in order, %d streams", n.addr, n.pending, n.store.len(), len(n.store.order.slots), len(n.streams))
			}
			for a, m := range n.members {
				if len(m.beyond) > maxBeyond {
					t.Fatalf("%s: %d beyond of %s", n.addr, len(m.beyond), a)
				}
			}
			for _, st := range n.streams {
				if len(st.pending) > maxAhead {
					t.Fatalf("%s: %d of a stream wait", n.addr, len(st.pending))
				}
			}
		}
	}
	for tick := range 1200 {
		switch tick {
		case 400:
			s.cut = func(a, b netip.AddrPort) bool { return a == deaf || b == deaf }
		case 500:
			for _, n := range all[:5] {
				n.Suspect(deaf, true)
			}
		case 1000:
			s.cut = nil
		}
		for _, n := range all {
			for range 4 {
				if n.HasCapacity(s.now) {
					n.say()
				}
			}
		}
		s.run(5 * time.Millisecond)
		if tick%50 == 0 {
			check()
		}
	}
	s.loss = 0
	s.run(30 * time.Second)
	check()
	for _, n := range all {
		if n.pending != 0 {
			t.Errorf("%s: %d bytes wait when all is quiet", n.addr, n.pending)
		}
		for a, m := range n.members {
			if len(m.beyond) > 0 || m.have != n.own.last {
				t.Errorf("%s: %s has %d and %d beyond, of %d", n.addr, a, m.have, len(m.beyond), n.own.last)
			}
		}
		for _, o := range all {
			if o == n {
				continue
			}
			if n.addr != deaf && o.addr != deaf {
				n.whole(t, o.cfg.Local, 1, o.own.last)
			} else {
				n.accounted(t, o.cfg.Local, o.own.last)
			}
		}
	}
	t.Logf("%d sent by the first", all[0].own.last)
}
