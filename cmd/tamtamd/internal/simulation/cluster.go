// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// Profile is what --profile sets.
type Profile struct {
	Heartbeat, MinPing time.Duration
	Timing             wire.Timing
}

// LAN is the default profile of tamtamd.
var LAN = Profile{Heartbeat: 500 * time.Millisecond, MinPing: 400 * time.Millisecond, Timing: wire.LAN}

// Options says what is simulated. Nodes and Scenario are required.
type Options struct {
	Scenario Scenario
	Nodes    int
	Seed     uint64
	// Link is how long packets take; 100 to 200 µs if it is zero, as in one machine room.
	Link    Link
	Faults  Faults // from the start
	Machine Machine
	Profile Profile // LAN if it is zero
	// Limit is how long a scenario waits for something; 30 s if it is 0.
	Limit time.Duration
	// Trace gets a line for each change that a node sees; with Verbose also for what
	// membership is told and what it does.
	Trace   io.Writer
	Verbose bool
	// Tune changes what node i is made of, for experiments. May be nil.
	Tune func(i int, m *membership.Config, w *wire.CoreConfig)
}

// Cluster is a cluster that a scenario has in its hands. Only the scenario calls its methods,
// one after the other.
type Cluster struct {
	Network *Network

	options Options
	random  *rand.Rand
	nodes   []*Node // the present or last session of each
	index   map[netip.AddrPort]int
	trace   trace
	result  Result
	base    sums // at the last Measure

	version uint64 // grows with each change that a node sees
	rights  int    // of all pairs, those in which one sees the other alive as it is
	running int    // nodes
	formed  bool   // by a scenario before this one

	queries map[uint64]*Query // by token

	spent []*Node // earlier sessions, for what they counted
}

func newCluster(o Options) *Cluster {
	if o.Link == (Link{}) {
		o.Link = Link{Delay: 100 * time.Microsecond, Jitter: 100 * time.Microsecond}
	}
	if o.Profile == (Profile{}) {
		o.Profile = LAN
	}
	if o.Limit == 0 {
		o.Limit = 30 * time.Second
	}
	c := &Cluster{
		Network: NewNetwork(o.Seed, o.Link, o.Machine), options: o,
		random: rand.New(rand.NewPCG(o.Seed, 0xc1)), index: make(map[netip.AddrPort]int), queries: make(map[uint64]*Query),
	}
	c.trace = trace{c, o.Trace, o.Verbose}
	c.Network.Faults = o.Faults
	c.nodes = make([]*Node, o.Nodes)
	for i := range c.nodes {
		c.index[Address(i)] = i
	}
	for i := range c.nodes {
		c.Start(i)
	}
	c.Pass(2 * time.Second) // for the loops of the nodes to get out of step, as real ones are
	return c
}

// What a scenario does.

// Len returns the number of nodes.
func (c *Cluster) Len() int { return len(c.nodes) }

// Start starts a node, alone, in the place of the one that was there.
func (c *Cluster) Start(i int) {
	if old := c.nodes[i]; old != nil {
		c.end(old)
		c.spent = append(c.spent, old)
	}
	c.nodes[i] = newNode(c, i, c.Network.Now())
	c.running++
	c.version++
	c.Network.Start(Address(i), c.nodes[i])
}

// Join has a node join another, until it is let in.
func (c *Cluster) Join(i, to int) { c.do(i, func(n *Node) { n.join(to) }) }

// JoinAll has all nodes join node 0 at once.
func (c *Cluster) JoinAll() {
	for i := 1; i < c.Len(); i++ {
		c.Join(i, 0)
	}
}

// do has a node do something now.
func (c *Cluster) do(i int, what func(*Node)) {
	n := c.nodes[i]
	c.Network.At(0, func() {
		if n.state == up {
			what(n)
		}
	})
}

// Kill ends a node without a word.
func (c *Cluster) Kill(i int) { c.end(c.nodes[i]) }

// leaveWithin is how long a node that leaves waits for the acknowledgements.
const leaveWithin = 500 * time.Millisecond

// Leave has a node leave.
func (c *Cluster) Leave(i int) {
	c.do(i, func(n *Node) {
		n.state = leaving
		n.membership.Leave()
		n.settle(c.Network.Now())
		c.Network.At(leaveWithin, func() { c.end(n) })
	})
}

// end is when a node's process is over.
func (c *Cluster) end(n *Node) {
	if n.state == ended {
		return
	}
	for j, other := range c.nodes {
		if other == nil || other == n || other.state == ended {
			continue
		}
		c.right(n, j, -1)
		c.right(other, n.Index, -1)
	}
	n.state = ended
	c.running--
	c.version++
	if c.nodes[n.Index] == n {
		c.Network.Stop(n.Addr)
	}
}

// Pause has nodes stand still, as SIGSTOP does.
func (c *Cluster) Pause(nodes ...int) {
	for _, i := range nodes {
		c.Network.Pause(Address(i))
	}
}

// Resume has them go on.
func (c *Cluster) Resume(nodes ...int) {
	for _, i := range nodes {
		c.Network.Resume(Address(i))
	}
}

// Part cuts the nodes that are chosen off from the others, both ways.
func (c *Cluster) Part(chosen func(i int) bool) {
	c.Network.Faults.Cut = func(from, to netip.AddrPort) bool { return chosen(c.index[from]) != chosen(c.index[to]) }
}

// Isolate cuts a node off from the nodes that are chosen, both ways.
func (c *Cluster) Isolate(i int, from func(j int) bool) {
	c.Network.Faults.Cut = func(a, b netip.AddrPort) bool {
		j, k := c.index[a], c.index[b]
		return j == i && from(k) || k == i && from(j)
	}
}

// Apart cuts two nodes off from each other only, both ways.
func (c *Cluster) Apart(i, j int) { c.Isolate(i, func(k int) bool { return k == j }) }

// Heal makes the network one without cuts, loss and duplication.
func (c *Cluster) Heal() { c.Network.Faults = Faults{} }

// Broadcast has a node broadcast a message.
func (c *Cluster) Broadcast(i int) { c.broadcast(i, []byte("a message of the simulation")) }

// BroadcastLong has a node broadcast a message of so many bytes, if it has the capacity.
func (c *Cluster) BroadcastLong(i, size int) { c.broadcast(i, make([]byte, size)) }

func (c *Cluster) broadcast(i int, payload []byte) {
	c.do(i, func(n *Node) {
		if n.broadcast.HasCapacity(c.Network.Now()) {
			c.result.Messages++
			n.broadcast.Broadcast(c.Network.Now(), "", payload)
			c.Network.Wake(n.Addr)
		}
	})
}

// Pass lets time pass.
func (c *Cluster) Pass(d time.Duration) { c.Network.Run(d, nil) }

// Until lets time pass until something holds, for at most Options.Limit, and notes in
// the result how long it took. It reports whether it holds.
func (c *Cluster) Until(what string, holds func() bool) bool {
	since, last, ok := c.Network.Elapsed(), c.version, holds()
	if !ok {
		c.Network.Run(c.options.Limit, func() bool {
			if last != c.version {
				last = c.version
				ok = holds()
			}
			return ok
		})
	}
	took := c.Network.Elapsed() - since
	c.result.Marks = append(c.result.Marks, Mark{what, took, ok})
	c.trace.mark(what, took, ok)
	return ok
}

// What a scenario sees.

// Agree reports whether all nodes that run see all that run alive.
func (c *Cluster) Agree() bool {
	return c.rights == c.running*(c.running-1)
}

// Views returns the share of all pairs of running nodes in which one sees the other
// alive.
func (c *Cluster) Views() float64 {
	return float64(c.rights) / float64(max(1, c.running*(c.running-1)))
}

// Seen reports whether all other nodes that run see a node so.
func (c *Cluster) Seen(i int, s member.Status) bool {
	for _, n := range c.nodes {
		if n.Index != i && n.state == up && n.view[i].status != s {
			return false
		}
	}
	return true
}

// right counts a pair, by times, if the node sees the member alive as it is now.
func (c *Cluster) right(n *Node, i, times int) {
	m := c.nodes[i]
	if m != nil && m.state != ended && n.state != ended && n.view[i] == (seen{m.session, member.Alive}) {
		c.rights += times
	}
}

// saw notes that a node sees another so from now on.
func (c *Cluster) saw(n *Node, i int, old, s seen, by netip.AddrPort) {
	n.view[i] = old
	c.right(n, i, -1)
	n.view[i] = s
	c.right(n, i, 1)
	c.version++
	if m := c.nodes[i]; m.state == up {
		accused := s.status == member.Suspected || s.status == member.Dead
		switch {
		case accused && c.cutOff(n, m):
			c.result.CutOff++
		case s.status == member.Suspected:
			c.result.Suspected++
		case s.status == member.Dead:
			c.result.Dead++
		case s.status == 0 && old.status.Live():
			c.result.Dropped++
		}
	}
	c.trace.change(n, i, s, by)
}

// cutOff reports whether a node can hear nothing of another that runs.
func (c *Cluster) cutOff(n, m *Node) bool {
	cut := c.Network.Faults.Cut
	return c.Network.Paused(m.Addr) || cut != nil && (cut(m.Addr, n.Addr) || cut(n.Addr, m.Addr))
}

// delivered notes that a node's readers get a message.
func (c *Cluster) delivered(n *Node, d broadcast.Delivery) {
	if d.Gap.To == 0 && d.Message.Origin != n.Addr {
		c.result.Deliveries++
		took := c.Network.Now().Sub(d.Message.Sent)
		if len(d.Message.Payload) > limits.Piece {
			c.result.long = append(c.result.long, took)
		} else {
			c.result.latencies = append(c.result.latencies, took)
		}
	}
}
