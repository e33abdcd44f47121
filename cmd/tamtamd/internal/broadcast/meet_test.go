// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"testing"
	"time"
)

// script is a Core whose network is played by hand.
type script struct {
	*Core
	now  time.Time
	sent [][]byte // what it sent, in order
	got  []uint64 // sequence numbers, of any stream
	gaps []Gap
}

func newScript() *script {
	s := &script{now: time.Unix(1e9, 0)}
	s.Core = NewCore(CoreConfig{
		Local: local, Keep: 4096, KeepBytes: 4 << 20,
		Send:   func(_ netip.AddrPort, b []byte, _ uint64, _ bool) bool { s.sent = append(s.sent, b); return true },
		Random: func(int) int { return 0 },
		Deliver: func(d Delivery) {
			if d.Gap.To != 0 {
				s.gaps = append(s.gaps, d.Gap)
				return
			}
			s.got = append(s.got, d.Message.Sequence)
		},
	})
	return s
}

// hear receives from the peer.
func (s *script) hear(b []byte) { s.Receive(s.now, peer, b) }

// of returns what was sent of a kind.
func (s *script) of(kind byte) (found [][]byte) {
	for _, b := range s.sent {
		if b[0] == kind {
			found = append(found, b)
		}
	}
	return found
}

// repairs returns how many messages it sent that nobody passes on.
func (s *script) repairs() (n int) {
	for _, kind := range []byte{kindRepair, kindRepairBatch} {
		for _, b := range s.of(kind) {
			some, _ := parseBatch(nil, b, s.now)
			n += len(some)
		}
	}
	return n
}

func numbered(s Stream, seq uint64) []byte {
	return appendMessage(nil, Message{Stream: s, Sequence: seq, Sent: time.Unix(1e9, 0)})
}

// TestOriginsAreNotSigned: since members pass messages on, one of them can send some in the name
// of another. docs/security.md says so.
func TestOriginsAreNotSigned(t *testing.T) {
	s, _ := met()
	third := Stream{netip.MustParseAddrPort("192.0.2.3:9999"), 3}
	s.Up(s.now, third.Origin, third.Session, true)
	s.Receive(s.now, third.Origin, appendDigest(nil, flagMeet, []entry{{third, 0}}))
	s.hear(numbered(third, 1)) // of peer
	if len(s.got) != 1 || s.streams[third] == nil {
		t.Errorf("handed on: %v", s.got)
	}
}

// TestFirstMessagesSurviveADigestThatOvertakes: that of meeting was lost once and is
// retransmitted; the one of a comparison comes first, and names messages that are on
// their way.
func TestFirstMessagesSurviveADigestThatOvertakes(t *testing.T) {
	s := newScript()
	s.Up(s.now, peer, 2, true)
	theirs := Stream{peer, 2}
	s.hear(numbered(theirs, 2))
	s.hear(appendDigest(nil, flagAnswer, []entry{{theirs, 3}})) // compared
	s.hear(appendDigest(nil, flagMeet, []entry{{theirs, 0}}))   // at last
	s.hear(numbered(theirs, 3))
	s.hear(numbered(theirs, 1))
	if len(s.got) != 3 || s.got[0] != 1 {
		t.Errorf("got %v, want 1 to 3", s.got)
	}
}

// TestMetLater: of two nodes one meets the other first, whose ears are still closed
// to it. What it sent by then is made up for.
func TestMetLater(t *testing.T) {
	for seed := range uint64(20) {
		s := newSim(t, seed)
		s.loss = float64(seed%4) / 10
		a, b := s.lone(at(0)), s.lone(at(1))
		a.Up(s.now, b.addr, b.cfg.Local.Session, true)
		for range 5 {
			a.say()
			s.run(20 * time.Millisecond)
		}
		b.Up(s.now, a.addr, a.cfg.Local.Session, true)
		if seed%2 == 0 {
			a.say()
		}
		s.run(5 * time.Second)
		b.whole(t, a.cfg.Local, 1, a.own.last)
	}
}

// TestQuietStreamBegins: a node that was met by no more than a comparison takes the
// stream from there, and is not left waiting.
func TestQuietStreamBegins(t *testing.T) {
	s := newScript()
	s.Up(s.now, peer, 2, true)
	theirs := Stream{peer, 2}
	s.hear(appendDigest(nil, flagAnswer, []entry{{theirs, 7}}))
	s.now = s.now.Add(startWithin)
	s.Tick(s.now)
	s.hear(numbered(theirs, 8))
	if len(s.got) != 1 || s.got[0] != 8 {
		t.Errorf("got %v, want 8", s.got)
	}
}

// TestMeetingInSilence: members of a cluster in which nobody has sent anything meet
// without a word, and still miss nothing that is sent later.
func TestMeetingInSilence(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(30)
	if s.bytes != 0 {
		t.Errorf("%d bytes were sent, want 0", s.bytes)
	}
	s.loss = 0.3
	for range 5 {
		all[7].say()
	}
	s.run(5 * time.Second)
	for _, n := range all {
		n.whole(t, all[7].cfg.Local, 1, 5)
	}
}
