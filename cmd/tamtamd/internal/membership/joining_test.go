// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// asksForSome has a member ask for the records of some members.
func (w *world) asksForSome(by netip.AddrPort) []packet {
	l := memberList{ask: true, some: true, records: 1}
	w.event(wire.Event{Kind: wire.Received, Addr: by, Channel: MembersChannel, Data: l.encode()[0]})
	return of(w.take(), "records", by)
}

// TestSomeMembersWillDo: who asks for some members gets a frame of them, which says how many there
// are, and needs no acknowledgement; all if they fit.
func TestSomeMembersWillDo(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		if sent := w.asksForSome(alice); len(sent) != 1 || sent[0].list.some || len(sent[0].list.records) != 3 || sent[0].list.buckets != spread.AllBuckets {
			t.Errorf("of three: %+v", sent)
		}
		for i := range 200 {
			w.event(up(nth(i), 7))
		}
		w.take()
		var all []netip.AddrPort
		for range 2 {
			sent := w.asksForSome(bob)
			if len(sent) != 1 || !sent[0].list.some || sent[0].list.of != 203 || !sent[0].answer {
				t.Fatalf("of 203: %d messages, %+v", len(sent), sent)
			}
			for _, r := range sent[0].list.records {
				if w.members.get(r.addr) == nil || r.addr == bob || r.status != recordAlive {
					t.Errorf("reported %v", r)
				}
				all = append(all, r.addr)
			}
			if n := len(sent[0].list.records); n < recordListMostV4*3/4 || n > recordListMostV4 {
				t.Errorf("%d records in a frame for %d", n, recordListMostV4)
			}
		}
		n := len(all)
		slices.SortFunc(all, netip.AddrPort.Compare)
		if different := len(slices.Compact(all)); different < n*3/5 || different == n {
			t.Errorf("%d of %d told members are different", different, n)
		}
	})
}

// seeded has a node join alice, which reports some members, of so many.
func (w *world) seeded(some, of int) {
	w.lives(alice, 7)
	if err := w.joined(alice); err != nil {
		w.t.Fatal(err)
	}
	if asked := lastTold(w.take(), alice); !asked.some {
		w.t.Fatalf("the seed was asked %+v", asked)
	}
	l := recordList{some: true, of: of}
	for i := range some {
		l.records = append(l.records, record{status: recordAlive, addr: nth(i), session: 7})
	}
	w.event(listed(alice, l))
}

// lastTold returns the list that was sent to a member.
func lastTold(sent []packet, to netip.AddrPort) packet {
	if tell := of(sent, "tell", to); len(tell) > 0 {
		return tell[len(tell)-1]
	}
	return packet{}
}

// asked returns who was asked for buckets, and which.
func asked(sent []packet) (who []netip.AddrPort, all spread.Mask) {
	for _, p := range sent {
		if p.what == "records" && p.ask {
			who = append(who, p.to)
			all |= p.list.buckets
		}
	}
	return who, all
}

// TestJoinerAsksOthersForTheRest: a part each, as they answer it; and compares with one in the end.
func TestJoinerAsksOthersForTheRest(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 40 {
			w.lives(nth(i), 7)
		}
		w.seeded(40, 160)
		w.sleep(200 * time.Millisecond)
		sent := w.take()
		who, all := asked(sent)
		if len(who) != 3 || slices.Contains(who, alice) || all != spread.AllBuckets {
			t.Errorf("asked are %v for %b", who, all)
		}
		if len(comparisons(sent)) == 0 {
			t.Error("and nobody was compared with")
		}
		if n := w.counted()["join_questions"]; n != 3 {
			t.Errorf("counted %d", n)
		}
		// A difference is made good for, and then compared again.
		w.event(listed(nth(3), recordList{digests: &spread.Buckets{}}))
		if sent := w.lasts(joinWait - 10*time.Millisecond); len(comparisons(sent)) != 0 {
			t.Error("it compares again before the records have come that it lacks")
		}
		w.event(listed(nth(3), recordList{buckets: spread.AllBuckets}))
		if sent := w.lasts(2 * compareWait); len(comparisons(sent)) != 1 {
			t.Error("when the records have come, it does not compare again")
		}
		w.event(listed(nth(3), recordList{digests: &spread.Buckets{}}))
		if sent := w.lasts(joinWait + 2*compareWait); len(comparisons(sent)) != 1 {
			t.Error("without records, it does not compare again")
		}
		for range 20 {
			w.event(listed(nth(3), recordList{digests: &spread.Buckets{}}))
			w.sleep(joinWait + 2*compareWait)
		}
		if w.joining.compares != 0 || w.joining.differed {
			t.Errorf("it compares on and on: %+v", w.joining)
		}
	})
}

// comparisons returns those that were begun.
func comparisons(sent []packet) (all []packet) {
	for _, p := range sent {
		if p.what == "tell" && p.digest != 0 {
			all = append(all, p)
		}
	}
	return all
}

// TestJoinerComparesTheDeadLast: while the deaths that others report are not confirmed, which takes
// seconds, it compares the rest, and then the dead as well.
func TestJoinerComparesTheDeadLast(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 40 {
			w.lives(nth(i), 7)
		}
		w.seeded(40, 41)
		w.says(alice, endedRecord(recordDead, bob, 77, time.Minute))
		sent := comparisons(w.lasts(2 * time.Second))
		if len(sent) != 1 || sent[0].dead != 0 || w.is(bob) != 0 {
			t.Errorf("while %s is %v, it compares %+v", bob, w.is(bob), sent)
		}
		w.sleep(3 * time.Second)
		w.want(bob, member.Dead)
		if sent := comparisons(w.take()); len(sent) != 1 || sent[0].dead != buckets(w.deadRecords(w.now)).Sum() {
			t.Errorf("then it compares %+v", sent)
		}
	})
}

// TestJoinerAsksTheSeedIfNobodyAnswers for what is left.
func TestJoinerAsksTheSeedIfNobodyAnswers(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range joinEvery {
			w.lives(nth(i), 7)
		}
		w.seeded(30, 150)
		w.sleep(joinWait - time.Millisecond)
		first, part := asked(w.take())
		if len(first) != 1 || first[0] == alice {
			t.Fatalf("asked are %v", first)
		}
		w.sleep(2 * time.Millisecond)
		if then, rest := asked(w.take()); !slices.Equal(then, []netip.AddrPort{alice}) || rest != ^part {
			t.Errorf("then asked are %v for %b, want the seed for %b", then, rest, ^part)
		}
	})
}

// TestNobodyMakesANodeAsk: only a member that was asked for some members may say that there are more.
func TestNobodyMakesANodeAsk(t *testing.T) {
	inWorld(t, func(w *world) {
		w.seeded(1, 1)
		w.lives(bob, 7)
		w.event(up(bob, 7))
		w.sleep(time.Second)
		for _, by := range []netip.AddrPort{bob, alice} {
			w.event(listed(by, recordList{some: true, of: 1000, records: []record{{status: recordAlive, addr: carol, session: 7}}}))
			if len(w.joining.parts) > 0 || w.joining.differed {
				t.Errorf("%s makes the node ask others: %+v", by, w.joining)
			}
		}
	})
}
