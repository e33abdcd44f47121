// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

var start = time.Unix(1e9, 0)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 9999)
}

// world is nodes that ask each other without a network. Node 1 is the one under test.
type world struct {
	now   time.Time
	nodes map[netip.AddrPort]*Observer
	links map[netip.AddrPort][]wire.Link
	fails map[netip.AddrPort]error
	other map[netip.AddrPort]*peerv1.Answer // instead of what it would answer
	table *member.Table
	asked atomic.Int32
}

// view is the table as a node sees it.
type view struct {
	table   *member.Table
	local   netip.AddrPort
	session uint64
}

func (v *view) List() ([]member.Member, uint64) {
	all, revision := v.table.List()
	all = slices.Clone(all)
	for i := range all {
		if all[i].Local = all[i].Addr == v.local; all[i].Local {
			all[i].Session = v.session
		}
	}
	return all, revision
}

func newWorld(n int) *world {
	w := &world{
		now: start, nodes: map[netip.AddrPort]*Observer{}, links: map[netip.AddrPort][]wire.Link{},
		fails: map[netip.AddrPort]error{}, other: map[netip.AddrPort]*peerv1.Answer{},
	}
	w.table = member.NewTable(at(1), member.Info{Session: 1}, 1, func() time.Time { return w.now })
	for i := 1; i <= n; i++ {
		if i > 1 {
			w.table.Put(at(i), member.Info{Session: uint64(i)})
		}
		for j := 1; j <= n; j++ {
			if j != i {
				w.links[at(i)] = append(w.links[at(i)], wire.Link{Addr: at(j), RoundTrip: time.Duration(100*i+j) * time.Microsecond, Sent: 100, Resent: uint64(i)})
			}
		}
		w.nodes[at(i)] = New(Config{
			Addr: at(i), Members: &view{w.table, at(i), uint64(i)}, Ask: w.ask,
			Own: func() []wire.Link { return w.links[at(i)] },
			Now: func() time.Time { return w.now },
		})
	}
	return w
}

func (w *world) ask(_ context.Context, to []netip.AddrPort, q *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
	for _, a := range to {
		w.asked.Add(1)
		if err := w.fails[a]; err != nil {
			do(a, nil, err)
			continue
		}
		answer := w.other[a]
		if answer == nil {
			var err error
			if answer, err = w.nodes[a].Answer(q.GetLinks()); err != nil {
				do(a, nil, err)
				continue
			}
		}
		do(a, answer, nil)
	}
}

func (w *world) matrix(t *testing.T) *Matrix {
	t.Helper()
	m, err := w.nodes[at(1)].Matrix(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMatrix(t *testing.T) {
	w := newWorld(3)
	m := w.matrix(t)
	if len(m.Nodes) != 3 || m.Omitted != 0 {
		t.Fatalf("%+v", m)
	}
	for i, n := range m.Nodes {
		if n.Err != nil || len(n.Links) != 3 || n.Links[i] != (wire.Link{}) {
			t.Errorf("%d: %+v", i, n)
			continue
		}
		for j, l := range n.Links {
			want := wire.Link{Addr: at(j + 1), RoundTrip: time.Duration(100*(i+1)+j+1) * time.Microsecond, Sent: 100, Resent: uint64(i + 1)}
			if i != j && l != want {
				t.Errorf("%d to %d: %+v, want %+v", i, j, l, want)
			}
		}
	}
}

// TestFailures: a node that does not report its links is in the matrix without.
func TestFailures(t *testing.T) {
	w := newWorld(6)
	gone := errors.New("no answer")
	w.fails[at(2)] = gone
	w.other[at(3)] = &peerv1.Answer{} // to another question
	w.other[at(4)] = &peerv1.Answer{Answer: &peerv1.Answer_Links{Links: &peerv1.LinksAnswer{
		Nodes: []uint32{0, 1}, Links: make([]*peerv1.Link, 5),
	}}}
	w.table.Set(at(5), member.Dead, at(1))
	w.table.Put(at(6), member.Info{}) // plain
	w.links[at(1)] = w.links[at(1)][:1]
	m := w.matrix(t)
	want := []error{nil, gone, peers.ErrNotUnderstood, peers.ErrNotUnderstood, peers.ErrPlain}
	if len(m.Nodes) != len(want) {
		t.Fatalf("%+v", m)
	}
	for i, n := range m.Nodes {
		if !errors.Is(n.Err, want[i]) || (n.Err == nil) != (n.Links != nil) {
			t.Errorf("%v: %v, %d links, want %v", n.Addr, n.Err, len(n.Links), want[i])
		}
	}
	if l := m.Nodes[0].Links; !l[1].Addr.IsValid() || l[2].Addr.IsValid() {
		t.Errorf("links of this node: %+v", l)
	}
}

// TestAskedSeldom: many who look at once have the members asked once, and again only
// after a while.
func TestAskedSeldom(t *testing.T) {
	w := newWorld(3)
	var lookers sync.WaitGroup
	for range 20 {
		lookers.Go(func() { w.matrix(t) })
	}
	lookers.Wait()
	if n := w.asked.Load(); n != 2 {
		t.Errorf("%d questions, want one a member", n)
	}
	w.now = w.now.Add(every - 1)
	if w.matrix(t); w.asked.Load() != 2 {
		t.Error("asked again too early")
	}
	w.now = w.now.Add(1)
	if w.matrix(t); w.asked.Load() != 4 {
		t.Error("not asked again")
	}
}

func TestCountsAreOfTheLastMinute(t *testing.T) {
	w := newWorld(2)
	count := func(sent, resent uint64) {
		w.links[at(2)] = []wire.Link{{Addr: at(1), Sent: sent, Resent: resent}}
	}
	look := func() wire.Link { return w.matrix(t).Nodes[1].Links[0] }
	for _, c := range []struct {
		after                         time.Duration
		sent, resent                  uint64
		session                       uint64
		wantSent, wantResent, wantFor uint64
	}{
		{0, 1000, 500, 2, 1000, 500, 0}, // of the session: nothing before is known
		{10, 1010, 500, 2, 10, 0, 10},
		{30, 1040, 510, 2, 40, 10, 40},
		{30, 1070, 510, 2, 60, 10, 60}, // without the first
		{99, 1200, 511, 2, 1200, 511, 0},
		{10, 20, 1, 2, 20, 1, 0}, // another session of the link
		{10, 30, 1, 2, 10, 0, 10},
		{10, 900, 9, 3, 900, 9, 0}, // another session of the node
	} {
		w.now = w.now.Add(c.after * time.Second)
		w.nodes[at(2)].Members.(*view).session = c.session
		count(c.sent, c.resent)
		l := look()
		if l.Sent != c.wantSent || l.Resent != c.wantResent || l.Window != time.Duration(c.wantFor)*time.Second {
			t.Errorf("after %d s: %+v, want %d, %d in %d s", c.after, l, c.wantSent, c.wantResent, c.wantFor)
		}
	}
}

// TestSeveralQuestions: of more nodes than one question names, all are asked about, and a link
// is that of its node.
func TestSeveralQuestions(t *testing.T) {
	const n = 2*maxAsked + 3
	w := newWorld(n)
	m := w.matrix(t)
	if asked := int(w.asked.Load()); asked != 3*(n-1) {
		t.Errorf("%d questions, want 3 a member", asked)
	}
	for i, node := range m.Nodes {
		if node.Err != nil || len(node.Links) != n {
			t.Fatalf("%d: %v, %d links", i, node.Err, len(node.Links))
		}
		for j, l := range node.Links {
			if i != j && l.Addr != at(j+1) {
				t.Errorf("%d to %d: %+v", i, j, l)
			}
		}
	}
	w.fails[at(5)] = errors.New("gone")
	w.now = w.now.Add(every)
	if m = w.matrix(t); m.Nodes[4].Err == nil || m.Nodes[4].Links != nil {
		t.Errorf("one that does not answer: %+v", m.Nodes[4])
	}
}

// TestBounds: of a large cluster those are shown with whom something is wrong, and what
// is kept does not grow.
func TestBounds(t *testing.T) {
	w := newWorld(2 * MaxNodes)
	own := w.links[at(1)]
	own[2*MaxNodes-2].Resent, own[2*MaxNodes-2].RecentFrames, own[2*MaxNodes-2].RecentLost = 90, 90, 90 // to the last
	own[2*MaxNodes-3].RoundTrip = time.Second                                                           // to the one before
	w.table.Set(at(MaxNodes+5), member.Suspected, at(1))                                                // in the midst
	m := w.matrix(t)
	if len(m.Nodes) != MaxNodes || m.Omitted != MaxNodes {
		t.Fatalf("%d nodes, %d omitted", len(m.Nodes), m.Omitted)
	}
	if len(m.Own) != 2*MaxNodes-1 || m.Own[at(2*MaxNodes)].Resent != 90 {
		t.Errorf("%d own links", len(m.Own))
	}
	shown := map[netip.AddrPort]bool{}
	for i, n := range m.Nodes {
		shown[n.Addr] = true
		if i > 0 && n.Addr.Compare(m.Nodes[i-1].Addr) <= 0 {
			t.Error("not ordered")
		}
		if n.Err != nil {
			t.Errorf("%v: %v", n.Addr, n.Err)
		}
	}
	for _, i := range []int{1, 2 * MaxNodes, 2*MaxNodes - 1, MaxNodes + 5} {
		if !shown[at(i)] {
			t.Errorf("node %d is not shown", i)
		}
	}
	most := 0
	for i := range 100 {
		w.now = w.now.Add(every)
		for j := range own {
			own[j].RecentFrames, own[j].RecentLost = 90, uint64((i*31+j*17)%90) // others are the worst each time
		}
		w.matrix(t)
		n := 0
		for _, all := range w.nodes[at(1)].samples {
			n += len(all)
		}
		most = max(most, n)
	}
	if bound := 7 * (MaxNodes*MaxNodes + MaxNodes); most > bound {
		t.Errorf("%d samples are kept, want %d at most", most, bound)
	}
	q := &peerv1.LinksQuestion{Nodes: make([][]byte, maxAsked+1)}
	if _, err := w.nodes[at(1)].Answer(q); err == nil {
		t.Error("a question about too many is answered")
	}
}

// TestFitsIntoAFrame: the largest question and answer do, with IPv6, too.
func TestFitsIntoAFrame(t *testing.T) {
	for name, link := range map[string]wire.Link{
		"a busy link": {RoundTrip: time.Hour, Sent: 1 << 48, Resent: 1 << 48, RecentFrames: 1 << 27, RecentLost: 1 << 27},
		"an idle one": {RoundTrip: time.Hour, Sent: 1 << 48, Resent: 1 << 48},
		"a relayed one": {RoundTrip: time.Hour, RecentFrames: 1 << 27, RecentLost: 1 << 27,
			Via: netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 15: 99}), 65535)},
	} {
		t.Run(name, func(t *testing.T) { fitsIntoAFrame(t, link) })
	}
}

func fitsIntoAFrame(t *testing.T, link wire.Link) {
	q := &peerv1.LinksQuestion{}
	var own []wire.Link
	for i := range maxAsked {
		a := netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)}), 65535)
		if peers.DecodeAddr(peers.EncodeAddr(a)) != a {
			t.Errorf("%v becomes %v", a, peers.DecodeAddr(peers.EncodeAddr(a)))
		}
		link.Addr = a
		own = append(own, link)
		q.Nodes = append(q.Nodes, peers.EncodeAddr(a))
	}
	table := member.NewTable(at(1), member.Info{}, 1, time.Now)
	o := New(Config{Members: &view{table, at(1), 1<<64 - 1}, Own: func() []wire.Link { return own }})
	a, err := o.Answer(q)
	if err != nil {
		t.Fatal(err)
	}
	for what, m := range map[string]proto.Message{"question": &peerv1.Question{Question: &peerv1.Question_Links{Links: q}}, "answer": a} {
		if n := proto.Size(m); n > wire.MaxRelayedData-8 {
			t.Errorf("the %s is %d bytes, of %d at most", what, n, wire.MaxRelayedData-8)
		}
	}
	if l := a.GetLinks().GetLinks()[0]; l.GetRoundTripUs() != 3600000000 || l.GetRecentFrames() != link.RecentFrames || l.GetRecentFrames() == 0 && l.GetSent() != 1<<48 {
		t.Errorf("it is %v", l)
	}
	relayed := 0
	for _, l := range a.GetLinks().GetLinks() {
		if peers.DecodeAddr(l.GetVia()) == link.Via && link.Via.IsValid() {
			relayed++
		}
	}
	if link.Via.IsValid() != (relayed > 0) || relayed == maxAsked {
		t.Errorf("%d relays are named", relayed)
	}
}

// TestSound: an answer that names nodes it was not asked about, or not once each, is none.
func TestSound(t *testing.T) {
	link := func(n int) []*peerv1.Link { return make([]*peerv1.Link, n) }
	for _, c := range []struct {
		answer *peerv1.LinksAnswer
		want   bool
	}{
		{nil, false},
		{&peerv1.LinksAnswer{}, true},
		{&peerv1.LinksAnswer{Nodes: []uint32{0, 2}, Links: link(2)}, true},
		{&peerv1.LinksAnswer{Nodes: []uint32{0, 2}, Links: link(1)}, false},
		{&peerv1.LinksAnswer{Nodes: []uint32{0}, Links: link(2)}, false},
		{&peerv1.LinksAnswer{Nodes: []uint32{1, 1}, Links: link(2)}, false},
		{&peerv1.LinksAnswer{Nodes: []uint32{2, 0}, Links: link(2)}, false},
		{&peerv1.LinksAnswer{Nodes: []uint32{3}, Links: link(1)}, false},
		{&peerv1.LinksAnswer{Nodes: []uint32{1<<32 - 1}, Links: link(1)}, false},
	} {
		if got := sound(c.answer, 3); got != c.want {
			t.Errorf("%v: %v, want %v", c.answer, got, c.want)
		}
	}
}
