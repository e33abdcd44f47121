// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
)

// TestAskAndAnswer: a question and its answer arrive once each, at 30 % loss, too.
func TestAskAndAnswer(t *testing.T) {
	s := newSim(t, 1)
	s.loss, s.duplication = 0.3, 0.1
	s.node(at(1))
	s.node(at(2))
	mesh(s)
	a, b := s.nodes[at(1)], s.nodes[at(2)]
	token := a.Ask(s.now, b.addr, []byte("who?"))
	if token == 0 || a.Ask(s.now, at(9), []byte("who?")) != 0 || a.Ask(s.now, b.addr, make([]byte, MaxAsk+1)) != 0 {
		t.Fatal("it asks whom it cannot, or not whom it can")
	}
	s.run(time.Second)
	asked := b.saw(Asked, a.addr)
	if len(asked) != 1 || asked[0].Token != token || !b.Answer(s.now, a.addr, token, []byte("me")) {
		t.Fatalf("asked %v", asked)
	}
	s.run(time.Second)
	if r := a.saw(Replied, b.addr); len(r) != 1 || r[0].Token != token {
		t.Errorf("replied %v", r)
	}
	s.hold()
}

// TestTags: others learn the tags of a node with its info, and when they change, the last
// at last, whatever is lost or overtaken.
func TestTags(t *testing.T) {
	for seed := range uint64(200) {
		s := newSim(t, seed)
		s.loss, s.duplication, s.jitter = 0.3, 0.1, 50*time.Millisecond
		a := s.node(at(1), func(i *Info) { i.Tags = "v=0" })
		b := s.node(at(2))
		a.Greet(s.now, b.addr)
		last := ""
		for i := range 20 {
			last = "v=" + string(rune('a'+i))
			a.SetTags(s.now, last)
			s.run(3 * time.Millisecond)
		}
		mesh(s)
		s.run(2 * time.Second)
		if have := b.peers[a.addr].info.Tags; have != last {
			t.Errorf("seed %d: tags %q, want %q", seed, have, last)
		}
		var told string
		for _, e := range b.events {
			if e.Kind == Up || e.Kind == Tagged {
				told = e.Info.Tags
			}
		}
		if told != last {
			t.Errorf("seed %d: last told %q, want %q", seed, told, last)
		}
		s.hold()
	}
}
