// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorder is a process that takes notes.
type recorder struct {
	net  *Network
	got  []string // what, at which time
	due  time.Time
	echo bool

	longest time.Duration // that a packet waited
}

func (r *recorder) note(now time.Time, what string) {
	r.got = append(r.got, fmt.Sprintf("%s %v", what, now.Sub(r.net.start)))
}

func (r *recorder) Receive(now time.Time, from netip.AddrPort, b []byte, waited time.Duration) {
	r.note(now, string(b))
	r.longest = max(r.longest, waited)
	if r.echo {
		r.net.Send(Address(1), from, b)
	}
}

func (r *recorder) Tick(now time.Time) {
	r.note(now, "tick")
	r.due = time.Time{}
}

func (r *recorder) TickSocket(time.Time) {}

func (r *recorder) Next() (tick, socket time.Time) { return r.due, time.Time{} }

func newRecorders(n int, link Link, m Machine) (*Network, []*recorder) {
	net := NewNetwork(1, link, m)
	var all []*recorder
	for i := range n {
		r := &recorder{net: net}
		all = append(all, r)
		net.Start(Address(i), r)
	}
	return net, all
}

// burst sends packets from a node to another.
func burst(n *Network, from, to, count int) {
	n.At(0, func() {
		for range count {
			n.Send(Address(from), Address(to), []byte("x"))
		}
	})
}

func TestNetworkDelays(t *testing.T) {
	net, all := newRecorders(2, Link{Delay: time.Millisecond}, Machine{})
	all[1].echo = true
	burst(net, 0, 1, 1)
	net.Run(time.Second, nil)
	if want, have := []string{"x 2ms"}, all[0].got; !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

func TestNetworkFaults(t *testing.T) {
	oneWay := func(from, _ netip.AddrPort) bool { return from == Address(1) }
	tests := []struct {
		name       string
		faults     Faults
		there      [2]int // bounds of what arrives of 1,000 packets
		backOfThat [2]float64
	}{
		{"none", Faults{}, [2]int{1000, 1000}, [2]float64{1, 1}},
		{"loss", Faults{Loss: 0.3}, [2]int{650, 750}, [2]float64{0.6, 0.8}},
		{"duplication", Faults{Duplication: 0.5}, [2]int{1450, 1550}, [2]float64{1.4, 1.6}},
		{"one-way cut", Faults{Cut: oneWay}, [2]int{1000, 1000}, [2]float64{0, 0}},
	}
	for _, test := range tests {
		net, all := newRecorders(2, Link{Delay: time.Millisecond, Jitter: time.Millisecond}, Machine{})
		all[1].echo = true
		net.Faults = test.faults
		burst(net, 0, 1, 1000)
		net.Run(time.Second, nil)
		there, back := len(all[1].got), len(all[0].got)
		if there < test.there[0] || there > test.there[1] {
			t.Errorf("%s: %d arrived, want %v", test.name, there, test.there)
		}
		if share := float64(back) / float64(there); share < test.backOfThat[0] || share > test.backOfThat[1] {
			t.Errorf("%s: %d of %d came back, want a share of %v", test.name, back, there, test.backOfThat)
		}
	}
}

// TestReceiveBufferOverflows: a paused node has room for as many small packets as Linux
// lets into the default buffer.
func TestReceiveBufferOverflows(t *testing.T) {
	net, all := newRecorders(2, Link{}, Machine{Buffer: DefaultBuffer})
	net.Run(0, nil)
	net.Pause(Address(1))
	burst(net, 0, 1, 1000)
	net.Run(time.Second, nil)
	if len(all[1].got) > 0 {
		t.Error("a paused node reads")
	}
	net.Resume(Address(1))
	net.Run(time.Second, nil)
	if want, have := 278, len(all[1].got); have != want || net.Totals.Overflowed != 1000-278 {
		t.Errorf("have %d packets and %d overflows, want %d", have, net.Totals.Overflowed, want)
	}
	if n := net.Overflows(Address(1)); n != net.Totals.Overflowed || net.Overflows(Address(0)) != 0 || net.Overflows(Address(2)) != 0 {
		t.Errorf("%d overflows at the node, of %d", n, net.Totals.Overflowed)
	}
	if all[1].longest != time.Second || all[0].longest != 0 {
		t.Errorf("a packet waited for %v, want 1s", all[1].longest)
	}
}

// TestProcessorsAreShared: what two nodes have to do takes twice as long on one processor,
// and they take turns.
func TestProcessorsAreShared(t *testing.T) {
	tests := []struct {
		processors int
		want       string // when the last packet was read by each
	}{
		{0, "99ms 99ms"},
		{1, "189ms 199ms"},
		{2, "99ms 99ms"},
	}
	for _, test := range tests {
		net, all := newRecorders(3, Link{}, Machine{Processors: test.processors, Receive: time.Millisecond, Slice: 10 * time.Millisecond})
		burst(net, 2, 0, 100)
		burst(net, 2, 1, 100)
		net.Run(time.Second, nil)
		last := func(r *recorder) string { return strings.TrimPrefix(r.got[99], "x ") }
		if have := last(all[0]) + " " + last(all[1]); have != test.want {
			t.Errorf("%d processors: have %s, want %s", test.processors, have, test.want)
		}
	}
}

// TestTimersAreLateOnABusyMachine: what is due waits for a processor like all else.
func TestTimersAreLateOnABusyMachine(t *testing.T) {
	net, all := newRecorders(2, Link{}, Machine{Processors: 1, Receive: time.Millisecond, Slice: 20 * time.Millisecond})
	all[1].due = net.start.Add(5 * time.Millisecond)
	burst(net, 1, 0, 100)
	net.Run(time.Second, nil)
	if want, have := []string{"tick 20ms"}, all[1].got; !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

// TestKilledNodeHearsNothing, and one that is started in its place hears all.
func TestKilledNodeHearsNothing(t *testing.T) {
	net, all := newRecorders(2, Link{Delay: time.Millisecond}, Machine{})
	net.Run(0, nil)
	net.Stop(Address(1))
	burst(net, 0, 1, 1)
	net.Run(time.Second, nil)
	next := &recorder{net: net}
	net.Start(Address(1), next)
	burst(net, 0, 1, 2)
	net.Run(time.Second, nil)
	if len(all[1].got) != 0 || len(next.got) != 2 || net.Totals.NoHost != 1 {
		t.Errorf("have %v and %v", all[1].got, next.got)
	}
}
