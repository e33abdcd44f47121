// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// entry encodes one entry of the peer's stream, as part of a batch of pieces.
func pieceOf(sequence uint64, p piece, payload string) []byte {
	m := Message{Stream: Stream{peer, 2}, Sequence: sequence, Sent: time.Unix(1e9, 0), Payload: []byte(payload), piece: p}
	if p.of == 0 { // beside a piece, which is cut off again
		b, _ := appendBatch(nil, []Message{m, {Stream: m.Stream, Sequence: sequence + 1, Sent: m.Sent, piece: piece{0, 2}}}, false)
		return b[:len(b)-sinceSize-5]
	}
	b, _ := appendBatch(nil, []Message{m}, false)
	return b
}

// TestHostilePieces: what does not make a message is reported as a gap, and what follows it is delivered.
func TestHostilePieces(t *testing.T) {
	full := string(make([]byte, pieceSize))
	whole := func(seq uint64) []byte { return pieceOf(seq, piece{}, "x") }
	for _, c := range []struct {
		what string
		sent [][]byte
		got  []uint64
		gaps []Gap
	}{
		{"a message", [][]byte{pieceOf(1, piece{0, 3}, ""), pieceOf(3, piece{2, 3}, "b"), pieceOf(2, piece{1, 3}, full), whole(4)}, []uint64{3, 4}, nil},
		{"each twice", [][]byte{pieceOf(1, piece{0, 2}, ""), pieceOf(1, piece{0, 2}, ""), pieceOf(2, piece{1, 2}, "b"), pieceOf(2, piece{1, 2}, "c"), whole(3)}, []uint64{2, 3}, nil},
		{"never ends", [][]byte{pieceOf(1, piece{0, 3}, ""), pieceOf(2, piece{1, 3}, full), whole(4)}, []uint64{4}, []Gap{{Stream{peer, 2}, 1, 3}}},
		{"never begins", [][]byte{pieceOf(2, piece{1, 3}, full), pieceOf(3, piece{2, 3}, "b"), whole(4)}, []uint64{4}, []Gap{{Stream{peer, 2}, 1, 1}, {Stream{peer, 2}, 2, 3}}},
		{"only the head", [][]byte{pieceOf(1, piece{0, maxPieces}, "")}, nil, []Gap{{Stream{peer, 2}, 1, maxPieces}}},
		{"another total", [][]byte{pieceOf(1, piece{0, 3}, ""), pieceOf(2, piece{1, 3}, full), pieceOf(3, piece{2, 4}, "b"), pieceOf(4, piece{3, 4}, "c"), whole(5)}, []uint64{5},
			[]Gap{{Stream{peer, 2}, 1, 2}, {Stream{peer, 2}, 3, 4}}},
		{"two that overlap", [][]byte{pieceOf(1, piece{0, 3}, ""), pieceOf(2, piece{0, 2}, ""), pieceOf(3, piece{1, 2}, "b"), whole(4)}, []uint64{3, 4}, []Gap{{Stream{peer, 2}, 1, 1}}},
		{"a message inside", [][]byte{pieceOf(1, piece{0, 3}, ""), whole(2), whole(3)}, []uint64{2, 3}, []Gap{{Stream{peer, 2}, 1, 1}}},
		{"too small a piece", [][]byte{pieceOf(1, piece{0, 3}, ""), pieceOf(2, piece{1, 3}, "a"), pieceOf(3, piece{2, 3}, "b"), whole(4)}, []uint64{4}, []Gap{{Stream{peer, 2}, 1, 3}}},
	} {
		s := newSim(t, 1)
		n := s.lone(at(1))
		s.nodes[peer] = &simNode{Core: NewCore(CoreConfig{Local: Stream{peer, 2}}), dead: true} // answers nothing
		n.Up(s.now, peer, 2, true)
		for _, b := range c.sent {
			n.Receive(s.now, peer, b)
		}
		s.run(2 * time.Minute)
		if !slices.Equal(n.got[Stream{peer, 2}], c.got) || !slices.Equal(n.gaps, c.gaps) || n.pending != 0 || len(n.streams[Stream{peer, 2}].pending) != 0 {
			t.Errorf("%s: got %v and gaps %v, want %v and %v; %d bytes wait", c.what, n.got, n.gaps, c.got, c.gaps, n.pending)
		}
		if next := n.Next(s.now); !next.IsZero() && !next.After(s.now) {
			t.Errorf("%s: it is busy", c.what)
		}
	}
}

// TestBadPieces are not read at all.
func TestBadPieces(t *testing.T) {
	for _, b := range [][]byte{
		pieceOf(1, piece{0, 1}, ""), pieceOf(1, piece{0, 2}, "x"), pieceOf(2, piece{1, 2}, ""), pieceOf(9, piece{2, 2}, "x"), pieceOf(1, piece{1, 2}, "x"),
		pieceOf(300, piece{1, maxPieces + 1}, "x"), pieceOf(300, piece{250, 255}, "x"), pieceOf(2, piece{1, 2}, string(make([]byte, pieceSize+1))),
	} {
		if some, ok := parseBatch(nil, b, time.Time{}); ok {
			t.Errorf("%+v is read", some)
		}
	}
	good := pieceOf(2, piece{1, 2}, "x")
	for i := range good {
		if _, ok := parseBatch(nil, good[:i], time.Time{}); ok {
			t.Errorf("%d bytes are read", i)
		}
	}
}

// TestPiecesFitIntoARelayedFrame with the longest topic, and beside others.
func TestPiecesFitIntoARelayedFrame(t *testing.T) {
	m := Message{Stream: six, Sequence: 2, Topic: string(bytes.Repeat([]byte("x"), MaxTopic)), Payload: make([]byte, MaxPayload), Sent: time.Unix(1<<33, 0)}
	m.To = string(make([]byte, headRoom(m.Topic, m.Payload)))
	m.pieces = piecesOf(m.Payload, m.To)
	m.Sequence = uint64(m.pieces)
	all := m.entries()
	frames := 0
	for rest := all; len(rest) > 0; frames++ {
		b, n := appendBatch(nil, rest, true)
		if rest = rest[n:]; len(b) > maxBatch || !isPieces(b) {
			t.Fatalf("a frame of kind %d with %d bytes", b[0], len(b))
		}
	}
	if frames != maxPieces || len(all) != maxPieces {
		t.Errorf("%d frames for %d pieces", frames, len(all))
	}
}

// TestHalfMessagesAreBounded: many members begin messages, and end none. What waits is bounded, and one that is whole
// gets through.
func TestHalfMessagesAreBounded(t *testing.T) {
	s := newSim(t, 1)
	n := s.lone(at(1))
	full := make([]byte, pieceSize)
	const members = 300
	for i := range members {
		a := at(100 + i)
		s.nodes[a] = &simNode{Core: NewCore(CoreConfig{Local: Stream{a, 2}}), dead: true}
		n.Up(s.now, a, 2, true)
	}
	send := func(i int, seq uint64, p piece) {
		m := Message{Stream: Stream{at(100 + i), 2}, Sequence: seq, Sent: s.now, piece: p}
		if p.index > 0 {
			m.Payload = full
		}
		b, _ := appendBatch(nil, []Message{m}, false)
		n.Receive(s.now, m.Origin, b)
	}
	for i := range members - 1 {
		for k := range uint8(maxPieces - 1) {
			send(i, uint64(k)+1, piece{k, maxPieces})
		}
	}
	if n.pending < maxPendingBytes || n.pending > maxPendingBytes+2*MaxPayload {
		t.Errorf("%d bytes wait", n.pending)
	}
	n.favored = nil // the last that was favored has been given up
	for k := range uint8(maxPieces) {
		send(members-1, uint64(k)+1, piece{k, maxPieces})
	}
	if got := n.got[Stream{at(100 + members - 1), 2}]; len(got) != 1 || n.favored != nil {
		t.Errorf("got %v", got)
	}
	s.run(time.Minute)
	if n.pending != 0 {
		t.Errorf("%d bytes wait after a minute", n.pending)
	}
}

// FuzzPieces: whatever a member sends, what waits is counted and bounded, and nothing is delivered twice or out of
// order.
func FuzzPieces(f *testing.F) {
	f.Add([]byte{0, 0, 3, 1, 1, 3, 2, 2, 3, 3, 0, 0})
	f.Add([]byte{1, 1, 2, 0, 0, 2, 5, 0, 65, 4, 0, 0, 9, 4, 65})
	f.Fuzz(func(t *testing.T, script []byte) {
		next, now := uint64(1), time.Unix(1e9, 0)
		c := NewCore(CoreConfig{
			Local: local, Keep: 100, KeepBytes: 1 << 20, Random: func(int) int { return 0 },
			Send: func(to netip.AddrPort, b []byte, token uint64, push bool) bool { return true },
			Deliver: func(d Delivery) {
				from, to := d.Gap.From, d.Gap.To
				if to == 0 {
					to = d.Message.Sequence
					from = to + 1 - uint64(max(d.Message.pieces, 1))
				}
				if from != next || to < from {
					t.Fatalf("%d to %d, want from %d", from, to, next)
				}
				next = to + 1
			},
		})
		c.Up(now, peer, 2, true)
		for len(script) >= 3 {
			seq, p := uint64(script[0])+1, piece{script[1], script[2]}
			script = script[3:]
			payload := ""
			if p.index > 0 || p.of == 0 {
				payload = string(make([]byte, pieceSize>>(seq%2)))
			}
			c.Receive(now, peer, pieceOf(seq, p, payload))
			now = now.Add(50 * time.Millisecond)
			c.Tick(now)
		}
		sum := 0
		for _, s := range c.streams {
			for seq, m := range s.pending {
				if sum += weight(m); seq < s.next {
					t.Fatalf("%d waits, and %d is next", seq, s.next)
				}
			}
		}
		if sum != c.pending {
			t.Fatalf("%d bytes wait, %d are counted", sum, c.pending)
		}
		for range 500 {
			if at := c.Next(now); !at.IsZero() {
				now = at
			}
			c.Tick(now)
		}
		if c.pending != 0 {
			t.Fatalf("%d bytes are left", c.pending)
		}
	})
}
