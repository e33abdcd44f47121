// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestLateAskerTellsTheFinder for how long it asks, in a list in which earlier versions find nothing.
// One in good health does not.
func TestLateAskerTellsTheFinder(t *testing.T) {
	for _, late := range []bool{true, false} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.silence()
			w.dies(bob)
			if late {
				w.event(wire.Event{Kind: wire.Late, Took: 75 * time.Millisecond})
			}
			w.news(alice, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: alice})
			sent := w.take()
			got := of(sent, "asking", alice)
			if len(of(sent, "asking", carol)) != 0 || len(got) > 0 != late {
				t.Fatalf("late %v: sent %v", late, sent)
			}
			if !late {
				return
			}
			if a, ok := parseAsking(got[0].b); !ok || a.takes < 900*time.Millisecond || a.digest != digestOf(bob) {
				t.Errorf("told %+v", a)
			}
			l, ok := parseMemberList(got[0].b)
			if l.digest = 0; !ok || !reflect.DeepEqual(l, memberList{}) {
				t.Errorf("an earlier version reads %+v", l)
			}
		})
	}
}

// TestFinderWaitsForLateAskers: for those that say so, before it tells all.
func TestFinderWaitsForLateAskers(t *testing.T) {
	const takes = time.Second
	inWorld(t, func(w *world) {
		all := nths(20)
		w.member(all...)
		x := all[0]
		w.dies(x)
		w.status(x, datagram.Dead, self)
		dies := datagram.Entry{Status: datagram.Dead, Addr: x, Heartbeat: 5, Source: self}
		w.outgoing(all[1], dies)
		told := func(d time.Duration) (to []netip.AddrPort) {
			for _, p := range w.lasts(d) {
				if d, fault := datagram.Parse(p.b, datagram.IPv4); p.what == "data" && fault == "" && isNews(d) && d.Entry(0) == dies {
					to = append(to, p.to)
				}
			}
			return to
		}
		askers := told(time.Millisecond)
		for _, a := range askers {
			w.event(wire.Event{Kind: wire.Received, Addr: a, Channel: MembersChannel, Data: asking{digestOf(x), takes}.encode()})
		}
		if got := told(takes); len(askers) != 5 || len(got) != 0 {
			t.Errorf("%d askers; %d are told too early", len(askers), len(got))
		}
		if got := told(takes); len(got) != 19 {
			t.Errorf("%d are told in the end", len(got))
		}
	})
}

// TestFinderEndsTheWait: a node that waits for the askers' word asks itself when the finder reports
// the death to it as well.
func TestFinderEndsTheWait(t *testing.T) {
	inWorld(t, func(w *world) {
		all := nths(40)
		w.member(all...)
		w.silence()
		x := netip.AddrPort{}
		finder := all[0]
		for _, a := range all[1:] {
			if !w.isAsker(w.members.get(a), finder) {
				x = a
				break
			}
		}
		w.dies(x)
		dies := datagram.Entry{Status: datagram.Dead, Addr: x, Heartbeat: 1, Source: finder}
		other := all[len(all)-1]
		w.gossip(other, 1, dies)
		if n := len(of(w.lasts(100*time.Millisecond), "greet", x)); n != 0 {
			t.Fatalf("asked %d times", n)
		}
		w.news(finder, dies)
		if n := len(of(w.take(), "greet", x)); n != 1 {
			t.Errorf("asked %d times at once", n)
		}
	})
}

func TestAsking(t *testing.T) {
	for takes, want := range map[time.Duration]time.Duration{0: 0, time.Second: time.Second, time.Hour: 65535 * time.Millisecond} {
		b := asking{7, takes}.encode()
		if got, ok := parseAsking(b); !ok || got != (asking{7, want}) {
			t.Errorf("%v: %+v", takes, got)
		}
		if _, ok := parseAsking(b[:len(b)-1]); ok {
			t.Error("a short one is parsed")
		}
	}
	for _, l := range []memberList{{}, {ask: true, invite: true, digest: 1, records: 2, members: []netip.AddrPort{alice}}} {
		if _, ok := parseAsking(l.encode()[0]); ok {
			t.Errorf("%+v is taken for one", l)
		}
	}
}
