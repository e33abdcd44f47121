// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/tags"
)

func toldRecord(r record) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: alice, Channel: RecordsChannel, Data: recordList{records: []record{r}}.encode()[0]}
}

// TestDeathIsLearned: a member that died before this node joined is listed as dead since then, if
// it does not answer this node, either.
func TestDeathIsLearned(t *testing.T) {
	for _, c := range []struct {
		name   string
		record record
		before func(*world)
		want   member.Status
	}{
		{"silent", endedRecord(recordDead, bob, 77, time.Minute), func(*world) {}, member.Dead},
		{"it answers", endedRecord(recordDead, bob, 77, time.Minute), func(w *world) { w.lives(bob, 77) }, member.Alive},
		{"it was restarted", endedRecord(recordDead, bob, 77, time.Minute), func(w *world) { w.lives(bob, 78) }, member.Alive},
		{"long ago", endedRecord(recordDead, bob, 77, reconnectTimeout-time.Second), func(*world) {}, 0},
		{"plain", endedRecord(recordDead, bob, 0, time.Minute), func(*world) {}, 0},
		{"removed here", endedRecord(recordDead, bob, 1, time.Minute), func(w *world) {
			w.member(bob)
			w.hosts[bob] = nil
			delete(w.hosts, bob)
			w.remove(bob)
		}, 0},
		{"itself", endedRecord(recordDead, self, 77, time.Minute), func(*world) {}, 0},
	} {
		inWorld(t, func(w *world) {
			w.member(alice)
			c.before(w)
			if c.name == "removed here" { // the record is of the session that was removed
				for _, e := range w.tombstones.All() {
					c.record.session = e.Session
				}
			}
			at := w.now
			w.event(toldRecord(c.record))
			if w.is(bob) == member.Dead {
				t.Errorf("%s: dead before it was asked", c.name)
			}
			w.sleep(time.Minute)
			m, listed := w.table.Get(bob)
			if w.is(bob) != c.want || listed != (c.want != 0) {
				t.Errorf("%s: %v, listed %v; want %v", c.name, w.is(bob), m, c.want)
			}
			if c.want != member.Dead {
				return
			}
			if since := at.Sub(m.Since); since != time.Minute || m.Session != 77 {
				t.Errorf("%s: %+v, %v ago", c.name, m, since)
			}
			if h := w.table.History(func(m member.Member) bool { return m.Addr == bob }); len(h) != 1 || len(h[0].Steps) != 1 || h[0].Steps[0].By != alice || h[0].Steps[0].Reason != member.NoAnswer {
				t.Errorf("%s: history %+v", c.name, h)
			}
			// It is greeted now and then, as any other, until it is given up.
			w.lives(bob, 78)
			w.sleep(20 * time.Minute)
			w.want(bob, member.Alive)
		})
	}
}

// TestLearnedDeathHasAName: the reporter of a death is asked what the dead member said of itself,
// again if it did not know at first; what is not as it must be is dropped.
func TestLearnedDeathHasAName(t *testing.T) {
	info := member.Info{Session: 77, Name: "bob", Version: "v1", Tags: tags.Set{"role": "db"}.Encode()}
	for _, c := range []struct {
		name   string
		answer member.Info
		want   member.Info
	}{
		{"all of it", info, info},
		{"of another session", member.Info{Session: 78, Name: "bob", Version: "v1"}, member.Info{Session: 77}},
		{"a name that is too long", member.Info{Session: 77, Name: strings.Repeat("x", 129), Version: "v1"}, member.Info{Session: 77}},
		{"a name that is not printable", member.Info{Session: 77, Name: "\x1b[2J", Version: "v1"}, member.Info{Session: 77}},
		{"a version that is not printable", member.Info{Session: 77, Version: "v1\n"}, member.Info{Session: 77}},
		{"bad tags", member.Info{Session: 77, Name: "bob", Version: "v1", Tags: "\xff"}, member.Info{Session: 77, Name: "bob", Version: "v1"}},
		{"more than it says", member.Info{Session: 77, Name: "bob", Version: "v1", MaxPayload: 1}, member.Info{Session: 77, Name: "bob", Version: "v1"}},
	} {
		for _, early := range []bool{true, false} {
			inWorld(t, func(w *world) {
				w.member(alice)
				asked := func() (since []AskProfile) {
					all := w.noted().asked
					since, w.heard.asked = all, nil
					return since
				}
				w.event(toldRecord(endedRecord(recordDead, bob, 77, time.Minute)))
				ask := AskProfile{By: alice, Of: bob, Session: 77}
				if have := asked(); !slices.Equal(have, []AskProfile{ask}) {
					t.Errorf("asks %v", have)
				}
				if early {
					w.Describe(bob, c.answer, alice)
				}
				w.sleep(time.Minute)
				if !early {
					w.want(bob, member.Dead)
					w.event(toldRecord(endedRecord(recordDead, bob, 77, time.Minute)))
					if have := asked(); !slices.Equal(have, []AskProfile{ask}) {
						t.Errorf("asks again %v", have)
					}
					w.event(toldRecord(endedRecord(recordDead, bob, 77, time.Minute)))
					if have := asked(); len(have) != 0 {
						t.Errorf("asks at once again %v", have)
					}
					w.Describe(bob, c.answer, alice)
					w.carryOut()
				}
				m, _ := w.table.Get(bob)
				if m.Info != c.want || m.Status != member.Dead {
					t.Errorf("%s, early %v: %+v, want %+v", c.name, early, m, c.want)
				}
				if c.want.Version == "" {
					return
				}
				asked()
				w.event(toldRecord(endedRecord(recordDead, bob, 77, time.Minute)))
				w.Describe(bob, member.Info{Session: 77, Name: "mallory", Version: "v9"}, alice) // it is known
				w.carryOut()
				if m, _ := w.table.Get(bob); m.Info != c.want || len(asked()) != 0 {
					t.Errorf("%s, and then: %+v", c.name, m)
				}
			})
		}
	}
}

// TestLearnedDeathIsGivenUp at the time at which the others do.
func TestLearnedDeathIsGivenUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(toldRecord(endedRecord(recordDead, bob, 77, reconnectTimeout/2)))
		w.sleep(reconnectTimeout / 3)
		w.want(bob, member.Dead)
		w.sleep(reconnectTimeout / 3)
		w.want(bob, 0)
	})
}

// TestNewsOfAnUnknownDeath: a node that joined after a member died, and before the others found
// out, asks who reports the death for the record.
func TestNewsOfAnUnknownDeath(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		death := datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: alice}
		asks := func(tell func()) (n int) {
			w.take()
			tell()
			w.settle()
			for _, p := range w.take() {
				if p.what == "records" && p.list.ask && p.list.buckets.Has(bob) && p.to == alice {
					n++
				}
			}
			return n
		}
		if n := asks(func() { w.gossip(alice, 1, death) }); n != 0 {
			t.Errorf("%d questions since Smudge gossips about a dead member, want none", n)
		}
		if n := asks(func() { w.news(alice, death) }); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
		w.event(toldRecord(endedRecord(recordDead, bob, 77, 0)))
		if n := asks(func() { w.news(alice, death) }); n != 0 {
			t.Errorf("%d questions while the member is greeted, want none", n)
		}
		w.sleep(time.Minute)
		w.want(bob, member.Dead)
		if n := asks(func() { w.news(alice, death) }); n != 0 {
			t.Errorf("%d questions about a dead member that is listed, want none", n)
		}
	})
}

// TestLearnedDeathsTakeNoPlace: the bounds of members hold for the dead that others report, who
// displace nobody.
func TestLearnedDeathsTakeNoPlace(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		at := func(i int) netip.AddrPort { return netip.AddrPortFrom(bob.Addr(), uint16(i+1)) }
		const reports, each = admission.MaxPerIP + 20, 50
		for i := 0; i < reports; i++ {
			w.event(toldRecord(endedRecord(recordDead, at(i), uint64(i)+1, time.Minute)))
			if i%each == each-1 { // not more than are greeted at a time
				w.sleep(time.Minute)
			}
		}
		w.sleep(time.Minute)
		if n := w.members.len(); n != 1+admission.MaxPerIP || w.counted()["refused_members"] != reports-admission.MaxPerIP {
			t.Errorf("%d members, counted %v", n, w.counted())
		}
		if len(w.deaths) != 0 {
			t.Errorf("%d deaths are still checked", len(w.deaths))
		}
	})
}

// TestNobodyIsDeadUnasked: of more deaths than this node can check in time, it lists those only that it
// has asked.
func TestNobodyIsDeadUnasked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		const each = admission.MaxCandidatesPerReporter
		for i, by := range []netip.AddrPort{alice, bob} {
			for j := range each {
				w.says(by, endedRecord(recordDead, nth(i*each+j), 77, time.Minute))
			}
		}
		w.sleep(2 * time.Minute)
		greeted, dead := map[netip.AddrPort]bool{}, 0
		for _, p := range w.take() {
			greeted[p.to] = greeted[p.to] || p.what == "greet"
		}
		for i := range 2 * each {
			if w.is(nth(i)) == member.Dead {
				if dead++; !greeted[nth(i)] {
					t.Errorf("%s is dead, and was not asked", nth(i))
				}
			}
		}
		if dead == 0 || dead == 2*each || len(w.deaths) > 0 {
			t.Errorf("%d of %d are dead, and %d not decided", dead, 2*each, len(w.deaths))
		}
	})
}

// TestReportedDeathIsForgotten when the address is greeted no more, since it is another's.
func TestReportedDeathIsForgotten(t *testing.T) {
	for name, e := range map[string]wire.Event{
		"this node's own":      {Kind: wire.Itself, Addr: bob, Nonce: 1},
		"of another cluster":   {Kind: wire.Refused, Addr: bob, Nonce: 1},
		"another member's own": {Kind: wire.Moved, Addr: bob, At: alice},
	} {
		inWorld(t, func(w *world) {
			w.member(alice)
			w.event(toldRecord(endedRecord(recordDead, bob, 77, time.Minute)))
			if len(w.deaths) != 1 {
				t.Fatalf("%s: %d deaths are checked, want 1", name, len(w.deaths))
			}
			w.event(e)
			w.sleep(time.Minute)
			if len(w.deaths) != 0 || w.is(bob) != 0 {
				t.Errorf("%s: %d deaths are still checked; it is %v", name, len(w.deaths), w.is(bob))
			}
		})
	}
}
