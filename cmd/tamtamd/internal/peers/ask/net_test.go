// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2 + byte(i>>8), byte(i)}), 9999)
}

var epoch = time.Unix(1e9, 0)

// network has cores that send each other frames, without the wire: what is lost is lost.
type network struct {
	t      testing.TB
	now    time.Time
	nodes  map[netip.AddrPort]*simulated
	order  []*simulated
	flying flights
	begun  int
	loss   float64
	frames int // that were sent, lost ones included
	random *rand.Rand
	token  uint64
	// refuses reports whether the wire does not take a frame; may be nil.
	refuses func(from, to netip.AddrPort) bool
}

type flight struct {
	at time.Time
	n  int // in the order in which they began
	do func()
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at.Before(f[j].at) || f[i].at.Equal(f[j].at) && f[i].n < f[j].n
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// simulated is a node, and its users.
type simulated struct {
	*Core
	net    *network
	addr   netip.AddrPort
	tags   string
	down   bool
	events []Event
	// answer is what the programs of the node do with a question; nil for an echo at once.
	answer func(e Event)
	asked  map[string]int // how often programs got a question, by its payload and the program
}

func newNetwork(t testing.TB, n int, loss float64) *network {
	w := &network{t: t, now: epoch, nodes: map[netip.AddrPort]*simulated{}, loss: loss, random: rand.New(rand.NewPCG(1, uint64(n)))}
	for i := range n {
		s := &simulated{net: w, addr: at(i + 1), asked: map[string]int{}}
		s.Core = NewCore(CoreConfig{
			Self: s.addr, Tags: func() string { return s.tags },
			SendQuestion: func(to netip.AddrPort, token uint64, m *peerv1.UserQuestion) bool {
				return w.send(s.addr, to, EncodeQuestion(token, m), true)
			},
			SendAnswer: func(to netip.AddrPort, token uint64, m *peerv1.UserAnswer) bool {
				return w.send(s.addr, to, EncodeAnswer(token, m), false)
			},
		})
		w.nodes[s.addr] = s
		w.order = append(w.order, s)
	}
	return w
}

// send sends a frame, which takes a millisecond or two.
func (w *network) send(from, to netip.AddrPort, b []byte, question bool) bool {
	if w.refuses != nil && w.refuses(from, to) {
		return false
	}
	if w.frames++; w.random.Float64() < w.loss {
		return true
	}
	w.after(time.Millisecond+time.Duration(w.random.IntN(1000))*time.Microsecond, func() {
		s := w.nodes[to]
		if s == nil || s.down {
			return
		}
		if question {
			token, m := DecodeQuestion(b)
			s.Asked(w.now, from, token, m)
		} else {
			token, m, text := DecodeAnswer(b)
			s.Answered(w.now, from, token, m, text)
		}
	})
	return true
}

func (w *network) after(d time.Duration, do func()) {
	w.begun++
	heap.Push(&w.flying, flight{w.now.Add(d), w.begun, do})
}

// run lets the time pass.
func (w *network) run(d time.Duration) {
	for end := w.now.Add(d); ; {
		w.collect()
		next := end
		if len(w.flying) > 0 && w.flying[0].at.Before(next) {
			next = w.flying[0].at
		}
		for _, s := range w.order {
			if at := s.Next(); !s.down && !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		if !next.Before(end) {
			w.now = end
			return
		}
		w.now = next
		for len(w.flying) > 0 && !w.flying[0].at.After(w.now) {
			heap.Pop(&w.flying).(flight).do()
		}
		for _, s := range w.order {
			if !s.down {
				s.Tick(w.now)
			}
		}
	}
}

// collect takes the events of all nodes.
func (w *network) collect() {
	for again := true; again; {
		again = false
		for _, s := range w.order {
			for _, e := range s.AppendEvents(nil) {
				again = true
				if e.Kind != Delivery {
					s.events = append(s.events, e)
					continue
				}
				s.asked[fmt.Sprintf("%s to %d", e.Payload, e.To)]++
				if s.answer != nil {
					s.answer(e)
				} else {
					s.Answer(w.now, e.To, e.ID, e.Payload, "")
				}
			}
		}
	}
}

// all returns all nodes as targets.
func (w *network) all() (to []Target) {
	for _, s := range w.order {
		to = append(to, Target{Addr: s.addr, Matches: true})
	}
	return to
}

// ask has a node ask.
func (w *network) ask(i int, q Query) (token uint64) {
	w.t.Helper()
	w.token++
	if q.Timeout == 0 {
		q.Timeout = 2 * time.Second
	}
	if q.Topic == "" {
		q.Topic = "t"
	}
	if err := w.order[i].Ask(w.now, w.token, q); err != nil {
		w.t.Fatal(err)
	}
	return w.token
}

// answer registers a program at some nodes; at all without any.
func (w *network) answer(nodes ...int) {
	w.t.Helper()
	for i, s := range w.order {
		if len(nodes) > 0 && !slices.Contains(nodes, i) {
			continue
		}
		if _, err := s.Register([]string{"t"}, false); err != nil {
			w.t.Fatal(err)
		}
	}
}

// result is what came of a query.
type result struct {
	received map[netip.AddrPort]int
	answers  map[string]string // "address/answerer"
	failures map[string]Reason // likewise, -1 for the member
	done     *Sum
}

// of returns what came of a query, and checks what holds for all: nothing comes twice, nothing
// after the end.
func (w *network) of(i int, token uint64) result {
	w.t.Helper()
	r := result{received: map[netip.AddrPort]int{}, answers: map[string]string{}, failures: map[string]Reason{}}
	for _, e := range w.order[i].events {
		if e.Query != token {
			continue
		}
		if r.done != nil {
			w.t.Errorf("query %d: after its end: %+v", token, e)
		}
		k := fmt.Sprintf("%s/%d", e.Member, e.Answerer)
		_, answered := r.answers[k]
		_, failed := r.failures[k]
		if (e.Kind == Answer || e.Kind == Failure) && (answered || failed) {
			w.t.Errorf("query %d: twice of %s: %+v", token, k, e)
		}
		switch e.Kind {
		case Received:
			r.received[e.Member] += e.Answerers
		case Answer:
			r.answers[k] = string(e.Payload)
		case Failure:
			r.failures[k] = e.Reason
		case Done:
			sum := e.Sum
			r.done = &sum
		}
	}
	return r
}

// clean checks that nothing is left of what has ended.
func (w *network) clean() {
	w.t.Helper()
	w.run(6 * time.Minute)
	for _, s := range w.order {
		if !s.down && (len(s.queries)+s.targets+len(s.held)+len(s.open)+s.slots+s.bytes+len(s.due)+s.assembling != 0) {
			w.t.Errorf("%s keeps %d queries, %d targets, %d held, %d open, %d slots, %d bytes, %d due",
				s.addr, len(s.queries), s.targets, len(s.held), len(s.open), s.slots, s.bytes, len(s.due))
		}
	}
}
