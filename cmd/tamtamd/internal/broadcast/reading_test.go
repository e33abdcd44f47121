// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// simReader is a reader that can resume, at a node of a sim.
type simReader struct {
	*simNode
	r     *reading
	queue []Delivery // what was delivered since the reader last looked
	got   []string   // origin and payload of each message, in order
	gaps  []Gap
}

// read begins a reader, after a cursor if that is not empty.
func (n *simNode) read(t *testing.T, after []byte) *simReader {
	t.Helper()
	r := &simReader{simNode: n}
	deliver := n.cfg.Deliver
	n.cfg.Deliver = func(d Delivery) {
		deliver(d)
		r.queue = append(r.queue, d)
	}
	var from *cursor
	if after != nil {
		var err error
		if from, err = parseCursor(after); err != nil {
			t.Fatal(err)
		}
	}
	r.r = newReading(n.Core, n.sim.now, from, n.store.end())
	r.queue = nil
	n.touched = true
	return r
}

// step takes what is there, up to so many deliveries; all if it is under 0.
func (r *simReader) step(most int) {
	for most != 0 && !r.dead {
		d, ok := r.r.take(r.Core, r.sim.now)
		for !ok && len(r.queue) > 0 {
			d, ok = r.r.look(r.Core, r.queue[0])
			r.queue = r.queue[1:]
		}
		r.touched = true
		if !ok {
			return
		}
		most--
		if d.Gap.To != 0 {
			r.gaps = append(r.gaps, d.Gap)
			continue
		}
		r.got = append(r.got, string(d.Message.Payload))
	}
}

// run lets time pass in a cluster with readers.
func runReaders(s *sim, d time.Duration, readers ...*simReader) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.run(10 * time.Millisecond)
		for _, r := range readers {
			r.step(-1)
		}
	}
}

// saying has a node broadcast numbers from one to another, marked with a name.
func (n *simNode) saying(name string, from, to int) {
	for i := from; i <= to; i++ {
		n.tell(fmt.Appendf(nil, "%s%d", name, i))
		n.sim.run(5 * time.Millisecond)
	}
}

func numbers(name string, from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("%s%d", name, i))
	}
	return all
}

func (r *simReader) wants(t *testing.T, what string, want ...[]string) {
	t.Helper()
	all := slices.Concat(want...)
	for _, w := range want { // in order, each
		name := w[0][:1]
		got := slices.DeleteFunc(slices.Clone(r.got), func(g string) bool { return g[:1] != name })
		if !slices.Equal(got, w) {
			t.Errorf("%s: got %v of %s, want %v (gaps %v)", what, got, name, w, r.gaps)
		}
	}
	if len(r.got) != len(all) {
		t.Errorf("%s: got %d in total, want %d: %v", what, len(r.got), len(all), r.got)
	}
}

// TestResumeOverRestarts: the node of a reader, an origin, or both are restarted. The reader gets what was
// sent meanwhile, what its own node sent before, and what came of sessions that nobody has any more, each once and
// in order; then all that is new.
func TestResumeOverRestarts(t *testing.T) {
	for seed := range uint64(24) {
		s := newSim(t, seed)
		s.cluster(5)
		a, b, c, d := s.list[0], s.list[1], s.list[2], s.list[3]
		s.loss = float64(seed%3) / 10
		a.saying("-", 1, 3) // before the reader
		runReaders(s, time.Second)
		r := b.read(t, nil)
		a.saying("a", 1, 10)
		runReaders(s, 2*time.Second, r)
		r.wants(t, "at first", numbers("a", 1, 10))
		after := r.r.encode()
		b.saying("b", 1, 3) // its own, which the reader does not read any more
		runReaders(s, 2*time.Second)
		s.kill(b)
		a.saying("a", 11, 15)
		c.saying("c", 1, 4) // of an origin that the cursor does not name
		d.saying("d", 1, 4)
		runReaders(s, 3*time.Second)
		if seed%2 == 0 {
			s.kill(d) // and another session of it says more
			s.run(3 * time.Second)
			s.start(d.addr).saying("d", 5, 7)
		}
		if seed%4 < 2 {
			s.kill(a)
			s.run(3 * time.Second)
		}
		back := s.start(b.addr)
		r = back.read(t, after)
		back.saying("e", 1, 2)
		c.saying("c", 5, 8)
		runReaders(s, 10*time.Second, r)
		want := [][]string{numbers("a", 11, 15), numbers("b", 1, 3), numbers("c", 1, 8), numbers("d", 1, 4), numbers("e", 1, 2)}
		if seed%2 == 0 {
			want[3] = numbers("d", 1, 7)
		}
		r.wants(t, fmt.Sprintf("seed %d", seed), want...)
		if len(r.gaps) > 0 {
			t.Errorf("seed %d: gaps %v", seed, r.gaps)
		}
		// Its cursor is now one of that node, and names all that it had.
		if next := back.read(t, r.r.encode()); next.r.resumed {
			t.Errorf("seed %d: a cursor of the same node counts as of another one", seed)
		} else if runReaders(s, 5*time.Second, next); len(next.got) > 0 || len(next.gaps) > 0 {
			t.Errorf("seed %d: again %v, gaps %v", seed, next.got, next.gaps)
		}
		other := s.nodes[c.addr].read(t, r.r.encode()) // nor at another node
		if runReaders(s, 5*time.Second, other); len(other.got) > 0 || len(other.gaps) > 0 {
			t.Errorf("seed %d: at another node %v, gaps %v", seed, other.got, other.gaps)
		}
	}
}

// TestResumeBeforeMembersAreMet: the reader is there before its node has met anybody, and the one that keeps the
// messages is met last.
func TestResumeBeforeMembersAreMet(t *testing.T) {
	s := newSim(t, 1)
	s.cluster(3)
	a, b := s.list[0], s.list[1]
	r := b.read(t, nil)
	a.saying("a", 1, 3)
	runReaders(s, time.Second, r)
	after := r.r.encode()
	s.kill(b)
	a.saying("a", 4, 6)
	runReaders(s, 3*time.Second)
	back := s.lone(b.addr)
	r = back.read(t, after)
	runReaders(s, 3*time.Second, r)
	young := s.lone(at(9)) // keeps nothing
	for _, n := range []*simNode{young, a} {
		n.Up(s.now, back.addr, back.cfg.Local.Session, true)
		runReaders(s, 20*time.Millisecond, r) // until then it drops what that node sends
		back.Up(s.now, n.addr, n.cfg.Local.Session, true)
		runReaders(s, 900*time.Millisecond, r)
	}
	runReaders(s, 5*time.Second, r)
	r.wants(t, "in the end", numbers("a", 4, 6))
	if len(r.gaps) > 0 {
		t.Errorf("gaps %v", r.gaps)
	}
}

// TestResumeTellsGaps: what nobody keeps any more is a gap, and what one member keeps is not.
func TestResumeTellsGaps(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		s := newSim(t, 1)
		s.cluster(5)
		a, b := s.list[0], s.list[1]
		for _, n := range s.list {
			n.store.maxCount = 10
		}
		if keeps {
			s.list[4].store.maxCount = 4096
		}
		r := b.read(t, nil)
		a.saying("a", 1, 5)
		runReaders(s, time.Second, r)
		after := r.r.encode()
		a.saying("a", 6, 100)
		runReaders(s, time.Second)
		for i := range 3 {
			n := s.nodes[b.addr]
			switch i { // the same node, after a restart, and another one
			case 1:
				n = s.start(b.addr)
			case 2:
				n = s.list[2]
			}
			r := n.read(t, after)
			runReaders(s, 10*time.Second, r)
			switch first := 91; {
			case keeps:
				r.wants(t, "one keeps all", numbers("a", 6, 100))
				if len(r.gaps) > 0 {
					t.Errorf("gaps %v", r.gaps)
				}
			case len(r.gaps) != 1 || r.gaps[0] != Gap{a.cfg.Local, 6, uint64(first) - 1}:
				t.Errorf("gaps %v", r.gaps)
				fallthrough
			default:
				r.wants(t, "nobody keeps them", numbers("a", first, 100))
			}
		}
	}
}

// TestResumeWithEarlierVersions: they do not report what they keep, and are asked for it all the same.
func TestResumeWithEarlierVersions(t *testing.T) {
	s := newSim(t, 1)
	s.cluster(4)
	for _, n := range s.list {
		n.earlier = true
	}
	a, b := s.list[0], s.list[1]
	r := b.read(t, nil)
	a.saying("a", 1, 5)
	runReaders(s, time.Second, r)
	after := r.r.encode()
	s.kill(b)
	a.saying("a", 6, 20)
	s.run(3 * time.Second)
	r = s.start(b.addr).read(t, after)
	a.saying("a", 21, 22)
	runReaders(s, 10*time.Second, r)
	r.wants(t, "of the origin", numbers("a", 6, 22))
}

// TestNewReadersGetNoHistory: a reader without a cursor begins now, also at a node that has just started.
func TestNewReadersGetNoHistory(t *testing.T) {
	s := newSim(t, 1)
	s.cluster(4)
	a := s.list[0]
	a.saying("a", 1, 5)
	runReaders(s, 3*time.Second)
	n := s.start(at(9))
	r := n.read(t, nil)
	runReaders(s, time.Second, r)
	other := s.list[1].read(t, nil)
	old := n.read(t, (&cursor{session: 1, floor: s.now, streams: map[Stream]position{}}).encode()) // has all members asked
	runReaders(s, 3*time.Second, r, other, old)
	a.saying("a", 6, 8)
	runReaders(s, 3*time.Second, r, other, old)
	for _, r := range []*simReader{r, other, old} {
		r.wants(t, "from now on", numbers("a", 6, 8))
		if len(r.gaps) > 0 {
			t.Errorf("gaps %v", r.gaps)
		}
	}
}

// TestResumeAtRandom: nodes with readers are killed at any moment, or a reader goes to another node, while others send.
// Each message comes at least once, and in the order of its first appearance; exactly once, since the cursor is
// the reader's last.
func TestResumeAtRandom(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newSim(t, seed)
		s.cluster(6)
		s.loss = 0.1
		a := s.list[0]
		at := s.list[1].addr
		r := s.nodes[at].read(t, nil)
		var got []string
		var gaps []Gap
		sent := 0
		for range 30 {
			for range random.IntN(20) {
				sent++
				a.tell(fmt.Appendf(nil, "a%d", sent))
				runReaders(s, 10*time.Millisecond)
				r.step(random.IntN(4))
			}
			got, gaps = append(got, r.got...), append(gaps, r.gaps...)
			r.got, r.gaps = nil, nil
			after := r.r.encode()
			if random.IntN(2) == 0 {
				s.kill(s.nodes[at])
				runReaders(s, time.Duration(random.IntN(3000))*time.Millisecond)
				s.start(at)
			} else {
				at = s.list[1+random.IntN(5)].addr
			}
			r = s.nodes[at].read(t, after)
			runReaders(s, time.Duration(random.IntN(100))*time.Millisecond)
		}
		s.loss = 0
		runReaders(s, 20*time.Second, r)
		got, gaps = append(got, r.got...), append(gaps, r.gaps...)
		if want := numbers("a", 1, sent); !slices.Equal(got, want) || len(gaps) > 0 {
			t.Errorf("seed %d: got %d of %d, gaps %v:\n%v", seed, len(got), sent, gaps, got)
		}
	}
}

// TestSurveyIsBounded: what members report has a bound, what makes no sense is dropped, and a claim that
// nobody confirms moves no reader.
func TestSurveyIsBounded(t *testing.T) {
	s := newScript()
	s.Up(s.now, peer, 2, true)
	theirs := Stream{peer, 2}
	s.hear(appendKept(nil, 1, []run{{theirs, 1, 9, s.now}}))
	if len(s.history.streams) != 0 {
		t.Error("an answer was taken that nobody asked for")
	}
	r := newReading(s.Core, s.now, &cursor{session: 77, floor: s.now, streams: map[Stream]position{theirs: {3, 0}}}, 0)
	if n := len(s.of(kindKeptAsk)); n != 1 {
		t.Fatalf("%d members were asked", n)
	}
	s.hear(appendKept(nil, 2, []run{{theirs, 1, maxSequence, s.now}}))
	for i := range uint64(MaxStreams + 100) {
		s.history.note(run{Stream{peer, i + 10}, 1, 1, s.now.Add(-time.Hour)}, peer)
	}
	s.hear(appendKept(nil, 2, nil))
	if len(s.history.streams) != MaxStreams {
		t.Errorf("%d streams are known", len(s.history.streams))
	}
	for range 100 {
		if d, ok := r.take(s.Core, s.now); ok {
			t.Fatalf("the reader got %+v", d)
		}
		s.now = s.now.Add(100 * time.Millisecond)
		s.Tick(s.now)
		if n := len(s.history.fetches); n > maxFetches {
			t.Fatalf("%d streams are fetched", n)
		}
	}
	if p := r.streams[theirs]; p.seq != 3 || len(r.behind) > 0 || len(s.history.fetches) > 0 {
		t.Errorf("the reader is at %d, %d behind, %d fetched", p.seq, len(r.behind), len(s.history.fetches))
	}
	s.sent = nil
	for range 10 {
		s.hear([]byte{kindKeptAsk})
	}
	if n := len(s.of(kindKept)); n != 1 {
		t.Errorf("%d answers to a member that asks all the time", n)
	}
	bad := appendKept(nil, 1, []run{{theirs, 5, 4, s.now}})
	before := s.counts.Get(droppedBad)
	for _, b := range [][]byte{bad, {kindKept}, {kindKept, 0}, {kindKept, 17}, {kindKept, 1, 2}, appendKept(nil, 1, []run{{theirs, 1, maxSequence + 1, s.now}})} {
		s.hear(b)
	}
	if n := s.counts.Get(droppedBad) - before; n != 6 {
		t.Errorf("%d of 6 were dropped", n)
	}
}
