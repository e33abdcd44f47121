// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
	carol = netip.MustParseAddrPort("192.0.2.4:9999")
	dave  = netip.MustParseAddrPort("192.0.2.5:9999")
)

const (
	heartbeat        = 500 * time.Millisecond
	minPing          = 400 * time.Millisecond
	reconnectTimeout = time.Hour
)

// nth is an address of its own for each i.
func nth(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
}

// world is a core with an engine that takes notes, and with a wire at whose other end
// is the test. Its time is virtual, and there is no goroutine: what happens, happens
// when the test lets time pass or looks.
type world struct {
	*Core
	t     *testing.T
	now   time.Time
	later []later // sorted by time
	table *member.Table
	log   []string

	engine     map[netip.AddrPort]bool
	heard      notes
	addErr     error
	atRemove   func(netip.AddrPort) // called before the engine removes
	broadcasts []string
	messages   []wire.Event
	joins      map[netip.AddrPort][]*result
	leaveDone  bool

	hosts   map[netip.AddrPort]*host  // who answers
	open    map[netip.AddrPort]uint64 // the sessions
	nonce   uint64
	session uint64 // the node's own
	sent    []packet
}

// later is something that happens later.
type later struct {
	at time.Time
	do func()
}

// result is what becomes of a join.
type result struct {
	done   bool
	err    error
	member netip.AddrPort
}

// inWorld runs f with a core, and checks afterwards that all agree.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	w := &world{
		t: t, now: time.Unix(1_000_000, 0), session: 1, engine: map[netip.AddrPort]bool{}, joins: map[netip.AddrPort][]*result{},
		hosts: map[netip.AddrPort]*host{}, open: map[netip.AddrPort]uint64{},
	}
	info := member.Info{Session: w.session, MaxPayload: 256}
	w.table = member.NewTable(self, info, 0, func() time.Time { return w.now })
	w.Core = New(Config{
		Self: member.Identity{Addr: self, Info: info}, Heartbeat: heartbeat, MinPing: minPing, ReconnectTimeout: reconnectTimeout, Plain: true,
		Random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	})
	w.settle()
	f(w)
	w.sleep(time.Second) // for answers that are on their way
	w.agree()
}

// agree fails when the members, the engine and the table do not.
func (w *world) agree() {
	w.t.Helper()
	for a, p := range w.members.byAddr {
		if p.listed != w.engine[a] {
			w.t.Errorf("%s is listed: %v; the engine knows it: %v", a, p.listed, w.engine[a])
		}
		if p.status.Live() && !p.listed {
			w.t.Errorf("%s is %v, and nobody judges it", a, p.status)
		}
		if m, ok := w.table.Get(a); !ok || m.Status != p.status || m.Via != p.via || m.Session != p.info.Session {
			w.t.Errorf("%s is %v of session %d, in the table %v of %d", a, p.status, p.info.Session, m.Status, m.Session)
		}
	}
	for a := range w.engine {
		if w.members.get(a) == nil {
			w.t.Errorf("the engine knows %s, which is no member", a)
		}
	}
	if all, _ := w.table.List(); len(all) != w.members.len()+1 {
		w.t.Errorf("%d in the table, %d members", len(all), w.members.len())
	}
	for a, all := range w.joins {
		w.t.Errorf("%d wait for %s", len(all), a)
	}
	w.ordered()
}

// Time.

// sleep lets time pass.
func (w *world) sleep(d time.Duration) {
	for end := w.now.Add(d); ; {
		w.settle()
		next := end
		if at := w.Next(); !at.IsZero() && at.Before(next) {
			next = at
		}
		if len(w.later) > 0 && w.later[0].at.Before(next) {
			next = w.later[0].at
		}
		w.now = next
		if next.Equal(end) {
			w.settle()
			return
		}
	}
}

// settle has all happen that is due.
func (w *world) settle() {
	for range 1_000_000 {
		switch next := w.Next(); {
		case len(w.later) > 0 && !w.later[0].at.After(w.now):
			do := w.later[0].do
			w.later = w.later[1:]
			do()
		case !next.IsZero() && !next.After(w.now):
			w.Tick(w.now)
		default:
			if !w.carryOut() {
				return
			}
		}
		w.carryOut()
	}
	w.t.Fatal("it does not settle")
}

// after has something happen later.
func (w *world) after(d time.Duration, do func()) {
	at := w.now.Add(d)
	i, _ := slices.BinarySearchFunc(w.later, at, func(l later, at time.Time) int {
		if l.at.After(at) {
			return 1
		}
		return -1 // what is due at the same time stays in order
	})
	w.later = slices.Insert(w.later, i, later{at, do})
}

// The test as the network.

// event brings an event of the wire.
func (w *world) event(e wire.Event) {
	w.Handle(w.now, e)
	w.carryOut()
}

// stray brings a bare datagram, from whatever source port.
func (w *world) stray(from netip.AddrPort, b []byte) {
	w.event(wire.Event{Kind: wire.Stray, Addr: netip.AddrPortFrom(from.Addr(), 1024), Data: b})
}

// bareFrom brings a bare datagram with nothing in it.
func (w *world) bareFrom(from netip.AddrPort, v datagram.Verb, heartbeat uint32) {
	w.stray(from, datagram.AppendBare(nil, v, from.Port(), heartbeat))
}

// data brings a datagram by the session with a node.
func (w *world) data(from netip.AddrPort, b []byte) {
	w.event(wire.Event{Kind: wire.Received, Addr: from, Channel: DatagramChannel, Data: b})
}

// ping brings a ping by the session with a node.
func (w *world) ping(from netip.AddrPort, heartbeat uint32) { w.gossip(from, heartbeat) }

// gossip brings a ping with entries.
func (w *world) gossip(from netip.AddrPort, heartbeat uint32, entries ...datagram.Entry) {
	w.data(from, datagram.Compose(datagram.IPv4, datagram.Ping, from.Port(), heartbeat, entries))
}

// news has a member disseminate entries.
func (w *world) news(from netip.AddrPort, entries ...datagram.Entry) {
	w.data(from, datagram.Compose(datagram.IPv4, datagram.Ack, from.Port(), 0, entries))
}

// lives makes a node with a session answer at an address from now on.
func (w *world) lives(a netip.AddrPort, session uint64) *host {
	h := &host{session: session, name: "n" + a.String()}
	w.hosts[a] = h
	return h
}

// plain makes a node that speaks bare Smudge answer at an address from now on.
func (w *world) plain(a netip.AddrPort) *host { return w.lives(a, 0) }

// dies makes nobody answer at an address from now on.
func (w *world) dies(a netip.AddrPort) { delete(w.hosts, a) }

// join begins a join.
func (w *world) join(a netip.AddrPort, readmit bool) *result {
	pending, err := w.Join(w.now, a, readmit)
	r := &result{done: !pending, err: err, member: a}
	if pending {
		w.joins[a] = append(w.joins[a], r)
	}
	w.carryOut()
	return r
}

// joined joins, and returns how it ended.
func (w *world) joined(a netip.AddrPort) error {
	r := w.join(a, true)
	for w.settle(); !r.done; {
		w.sleep(time.Millisecond)
	}
	return r.err
}

// member makes a node with a session a member, as the network would.
func (w *world) member(all ...netip.AddrPort) {
	w.t.Helper()
	for i, a := range all {
		if w.hosts[a] == nil {
			w.lives(a, 100+uint64(i)+uint64(a.Addr().As4()[3]))
		}
		if err := w.joined(a); err != nil {
			w.t.Fatal(err)
		}
	}
	w.forgetAll()
}

// plainMember makes a plain Smudge node a member.
func (w *world) plainMember(a netip.AddrPort) {
	w.t.Helper()
	w.plain(a)
	w.member(a)
}

// dead makes a member dead, by this node's judgement, that does not answer.
func (w *world) dead(a netip.AddrPort) {
	w.dies(a)
	w.status(a, datagram.Dead, self)
	w.want(a, member.Dead)
}

// judges has the engine judge.
func (w *world) judges(a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	w.OnStatus(w.now, a, s, by)
	w.carryOut()
}

// status has the engine judge. A member that it accuses does not answer when it is asked.
func (w *world) status(a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	w.judges(a, s, by)
	if w.questions.Asks(a) {
		h := w.hosts[a]
		w.dies(a)
		w.sleep(detect.QuestionTime * time.Duration(w.awareness.Multiplier()))
		if h != nil {
			w.hosts[a] = h
		}
	}
}

// engineSends has the engine send a datagram.
func (w *world) engineSends(to netip.AddrPort, d datagram.Datagram) {
	w.Send(w.now, to, d)
	w.carryOut()
}

// outgoing asks whether the engine may say something to a node.
func (w *world) outgoing(to netip.AddrPort, e datagram.Entry) bool {
	return w.Outgoing(w.now, to, e)
}

// remove has a user remove a member.
func (w *world) remove(a netip.AddrPort) bool {
	err := w.Remove(w.now, a, nil, false)
	w.carryOut()
	return err == nil
}

// forgetAll forgets what was noted.
func (w *world) forgetAll() {
	w.take()
	w.heard = notes{}
}

// noted returns what the engine was told since all was forgotten.
func (w *world) noted() notes {
	w.settle()
	return w.heard
}

// known returns how many peers the engine knows.
func (w *world) known() int {
	w.settle()
	return len(w.engine)
}

// take returns what was sent since it was last called.
func (w *world) take() []packet {
	w.settle()
	sent := w.sent
	w.sent = nil
	return sent
}

// lasts takes what the node hears and says within d, and returns what it sent.
func (w *world) lasts(d time.Duration) []packet {
	w.sleep(d)
	return w.take()
}

func (w *world) counted() map[string]uint64 {
	w.settle()
	m := map[string]uint64{}
	w.Counters(m)
	return m
}

// is returns the status of a member in the table; 0 if it is none.
func (w *world) is(a netip.AddrPort) member.Status {
	w.settle()
	m, _ := w.table.Get(a)
	return m.Status
}

// want fails when a member's status is another.
func (w *world) want(a netip.AddrPort, s member.Status) {
	w.t.Helper()
	if got := w.is(a); got != s {
		w.t.Errorf("%s is %v, want %v", a, got, s)
	}
}

// entries returns the entries that the engine was given.
func (w *world) entries() (all []datagram.Entry) {
	for _, d := range w.noted().delivered {
		all = append(all, d.entries...)
	}
	return all
}

// logged returns how many lines of the log contain a text.
func (w *world) logged(what string) (n int) {
	w.settle()
	for _, line := range w.log {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n
}
