// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// comparesAll has a member begin a comparison, whose records are those of this node, and whose
// records of the dead have a digest. It returns what that is answered with.
func (w *world) comparesAll(by netip.AddrPort, dead uint64) []packet {
	l := memberList{ask: true, digest: w.digest(), records: buckets(w.records(w.now)).Sum(), dead: dead}
	w.event(wire.Event{Kind: wire.Received, Addr: by, Channel: MembersChannel, Data: l.encode()[0]})
	return of(w.take(), "records", by)
}

// deaths returns the deaths in records, and the finder of each.
func deaths(records []record) map[record]netip.AddrPort {
	all := map[record]netip.AddrPort{}
	for i, r := range records {
		if r.status == recordDead {
			all[r] = records[i+1].addr
		}
	}
	return all
}

// TestDeadAreCompared: two nodes that differ only in who is dead find out. Nodes of earlier versions
// do not compare the dead, and are not answered each time.
func TestDeadAreCompared(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		session := w.open[bob]
		none := buckets(w.deadRecords(w.now)).Sum()
		w.dead(bob)
		if own := buckets(w.deadRecords(w.now)).Sum(); own == none {
			t.Fatal("a death is not in the digest")
		} else if sent := w.comparesAll(alice, own); len(sent) != 0 {
			t.Errorf("the same dead are answered with %+v", sent)
		}
		if sent := w.comparesAll(alice, 0); len(sent) != 0 {
			t.Errorf("a node that does not compare the dead is answered with %+v", sent)
		}
		sent := w.comparesAll(alice, none)
		if len(sent) != 1 || !sent[0].list.dead {
			t.Fatalf("other dead are answered with %+v", sent)
		}
		// Alice does not list bob, so its buckets are those without the dead.
		theirs := buckets(w.records(w.now))
		w.event(listed(alice, recordList{digests: theirs, dead: true}))
		want := endedRecord(recordDead, bob, session, 0)
		if sent := of(w.take(), "records", alice); len(sent) != 1 || !sent[0].ask || deaths(sent[0].list.records)[want] != self {
			t.Errorf("digests without the death are answered with %+v", sent)
		}
		// A node of an earlier version has the same digests, and does not mean the dead.
		w.event(listed(alice, recordList{digests: theirs}))
		if sent := of(w.take(), "records", alice); len(sent) != 0 {
			t.Errorf("the digests of an earlier version are answered with %+v", sent)
		}
	})
}

// TestEarlierVersionsReadTheList: they read addresses while there are 18 bytes, and then a digest.
func TestEarlierVersionsReadTheList(t *testing.T) {
	l := memberList{ask: true, digest: 7, records: 8, dead: 9, members: []netip.AddrPort{alice, bob}}
	b := l.encode()[0]
	rest := len(b) - memberListFixed - len(l.members)*frame.AddrSize
	if rest < recordsSumSize || rest >= frame.AddrSize || b[len(b)-rest+recordsSumSize-1] != 8 {
		t.Errorf("%d bytes follow the addresses: %x", rest, b[len(b)-rest:])
	}
}

// TestDeadThatNobodyAgreesOn: nodes that forget the dead after another time, or have no place for
// them, do not exchange records each time.
func TestDeadThatNobodyAgreesOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		const comparisons = 240
		answered := 0
		for range comparisons {
			answered += len(w.comparesAll(alice, 99))
			w.sleep(15 * time.Second)
		}
		if answered < 4 || answered > 11 { // four, and six in the hour
			t.Errorf("%d comparisons of %d are answered, want 11 at most", answered, comparisons)
		}
		if n := w.counted()["dead_differ_ignored"]; n != uint64(comparisons-answered) {
			t.Errorf("counted %d", n)
		}
		if sent := w.compares(alice, w.digest(), 99); len(sent) != 1 {
			t.Errorf("other differences are answered with %+v", sent)
		}
	})
}

// TestNoisyMemberLeavesOthersTheirComparisons: one that compares all the time, with dead of its own, is
// answered no more often than others that compare now and then. All together have a bound, too.
func TestNoisyMemberLeavesOthersTheirComparisons(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		for range 1000 {
			w.comparesAll(alice, 99)
			w.sleep(time.Second)
		}
		if sent := w.comparesAll(bob, 99); len(sent) != 1 {
			t.Errorf("after the comparisons of another member, %d are answered", len(sent))
		}
		answered := 0
		for i := range 100 {
			w.member(nth(i))
			answered += len(w.comparesAll(nth(i), 99))
		}
		if answered == 0 || answered > 20 {
			t.Errorf("of 100 members, %d are answered at once", answered)
		}
	})
}

// TestLearnedDeathHasItsCause: who found it, why, and since when, which is passed on as it came.
func TestLearnedDeathHasItsCause(t *testing.T) {
	cause := func(by netip.AddrPort, why member.Reason) record { return causeRecord(by, 77, why) }
	for name, c := range map[string]struct {
		cause []record
		by    netip.AddrPort
		why   member.Reason
	}{
		"told":                 {[]record{cause(carol, member.NoAnswer)}, carol, member.NoAnswer},
		"of a later version":   {[]record{cause(carol, 200)}, carol, 0},
		"of no known finder":   {[]record{cause(netip.AddrPort{}, member.NoAnswer)}, alice, member.NoAnswer},
		"of another session":   {[]record{causeRecord(carol, 78, 200)}, alice, member.NoAnswer},
		"none":                 {nil, alice, member.NoAnswer},
		"another record, only": {[]record{endedRecord(recordLeft, dave, 77, 0)}, alice, member.NoAnswer},
	} {
		inWorld(t, func(w *world) {
			w.member(alice)
			died := w.now.Add(-10 * time.Minute)
			w.says(alice, append([]record{endedRecord(recordDead, bob, 77, 10*time.Minute)}, c.cause...)...)
			w.sleep(time.Minute + 300*time.Millisecond)
			h := w.table.History(func(m member.Member) bool { return m.Addr == bob })
			if len(h) != 1 || len(h[0].Steps) != 1 || h[0].Steps[0].By != c.by || h[0].Steps[0].Reason != c.why || !h[0].Member.Since.Equal(died) {
				t.Fatalf("%s: history %+v", name, h)
			}
			sent := w.compares(alice, 0, 1)
			want := endedRecord(recordDead, bob, 77, 11*time.Minute)
			if have := deaths(sent[0].list.records); len(have) != 1 || have[want] != c.by {
				t.Errorf("%s: told on as %+v", name, have)
			}
		})
	}
}

// TestTwoDeadSessions of one address: all nodes list the later, whichever they knew first, and of
// two that nobody can tell apart by time, the same.
func TestTwoDeadSessions(t *testing.T) {
	for name, c := range map[string]struct {
		known, told       uint64
		knownAge, toldAge time.Duration
		want              uint64
	}{
		"later":                        {77, 66, time.Hour / 2, time.Minute, 66},
		"earlier":                      {77, 88, time.Minute, time.Hour / 2, 77},
		"the same time, lower":         {77, 66, time.Minute, 50 * time.Second, 77},
		"the same time, higher":        {77, 88, time.Minute, 70 * time.Second, 88},
		"the same session, later":      {77, 77, time.Hour / 2, time.Minute, 77},
		"another one of a plain node":  {77, 0, time.Hour / 2, time.Minute, 77},
		"the same session, just found": {77, 77, 10 * time.Second, 0, 77},
	} {
		inWorld(t, func(w *world) {
			w.member(alice)
			w.says(alice, endedRecord(recordDead, bob, c.known, c.knownAge))
			w.sleep(time.Minute)
			w.want(bob, member.Dead)
			w.says(alice, endedRecord(recordDead, bob, c.told, c.toldAge+time.Minute))
			w.sleep(30 * time.Second)
			w.want(bob, member.Dead)
			if m, _ := w.table.Get(bob); m.Session != c.want || w.members.get(bob).info.Session != c.want {
				t.Errorf("%s: %+v", name, m)
			}
		})
	}
}

// TestDeathOfACutIsPostponed: a node that was cut off when a member died takes the time from one that
// heard the member for longer. Small differences, and earlier times, change nothing.
func TestDeathOfACutIsPostponed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(bob)
		session, died := w.members.get(bob).info.Session, w.now
		w.sleep(10 * time.Minute)
		says := func(at time.Time) member.History {
			w.says(alice, endedRecord(recordDead, bob, session, w.now.Sub(at)), causeRecord(carol, session, member.NoAnswer))
			return w.table.History(func(m member.Member) bool { return m.Addr == bob })[0]
		}
		steps := len(says(died).Steps)
		for _, at := range []time.Time{died.Add(deathTolerance), died.Add(-deathTolerance), died.Add(-20 * time.Minute)} {
			if h := says(at); len(h.Steps) != steps || !h.Member.Since.Equal(died) {
				t.Errorf("%v later: %+v", at.Sub(died), h)
			}
		}
		later := died.Add(5 * time.Minute)
		h := says(later)
		if last := h.Steps[len(h.Steps)-1]; len(h.Steps) != steps+1 || last.By != carol || last.Reason != member.NoAnswer || !last.Time.Equal(later) || !h.Member.Since.Equal(later) {
			t.Errorf("history %+v", h)
		}
		w.sleep(later.Add(reconnectTimeout).Sub(w.now) - 2*time.Second)
		w.want(bob, member.Dead)
		w.sleep(4 * time.Second)
		w.want(bob, 0)
	})
}

// TestLateNodePostponesNoDeath: a node that stood still finds out late who died meanwhile. It tells others
// that the member is dead since it stood still, at the latest; and what it finds out long after that, or
// in time, since then.
func TestLateNodePostponesNoDeath(t *testing.T) {
	const still = 5 * time.Minute
	for name, c := range map[string]struct {
		still, after time.Duration
		finder       netip.AddrPort
		want         time.Duration // ago
	}{
		"in time":                  {0, 0, self, 0},
		"it stood still":           {still, 0, self, still},
		"and hears it from others": {still, 0, carol, still},
		"long after that":          {still, time.Minute, self, 0},
	} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.dies(bob)
			w.now = w.now.Add(c.still)
			w.sleep(c.after + time.Millisecond)
			w.suspicion.Unanswered(bob, w.now)
			w.judges(bob, datagram.Dead, c.finder)
			w.want(bob, member.Dead)
			for r := range deaths(append(w.deadRecords(w.now), record{})) {
				if off := r.age() - c.want; off < -2*time.Second || off > 20*time.Second {
					t.Errorf("%s: it is told to be dead since %v, want %v", name, r.age(), c.want)
				}
			}
			if m, _ := w.table.Get(bob); !m.Since.Equal(w.now) {
				t.Errorf("%s: it is shown as dead since %v, want %v", name, m.Since, w.now)
			}
		})
	}
}

// TestOneFindingIsOneDeath: a member that learned late of what another found is late, and postpones
// nothing.
func TestOneFindingIsOneDeath(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		w.suspicion.Unanswered(bob, w.now)
		w.judges(bob, datagram.Dead, carol)
		w.want(bob, member.Dead)
		died, session := w.now, w.members.get(bob).info.Session
		w.sleep(10 * time.Minute)
		w.says(alice, endedRecord(recordDead, bob, session, time.Minute), causeRecord(carol, session, member.NoAnswer))
		if m, _ := w.table.Get(bob); !m.Since.Equal(died) {
			t.Errorf("it is dead since %v, want %v", m.Since, died)
		}
	})
}

// TestOlderTombstonesHideNoDeath, and later ones do: another session left, or was removed.
func TestOlderTombstonesHideNoDeath(t *testing.T) {
	for _, c := range []struct {
		session   uint64
		left, age time.Duration
		want      member.Status
	}{{66, 20 * time.Minute, 10 * time.Minute, member.Dead}, {66, 10 * time.Minute, 20 * time.Minute, 0}, {77, 20 * time.Minute, 10 * time.Minute, 0}} {
		inWorld(t, func(w *world) {
			w.member(alice)
			w.says(alice, endedRecord(recordLeft, bob, c.session, c.left), endedRecord(recordDead, bob, 77, c.age))
			w.sleep(time.Minute)
			if w.is(bob) != c.want {
				t.Errorf("left %v ago, dead %v ago: %v, want %v", c.left, c.age, w.is(bob), c.want)
			}
		})
	}
}

// TestDeadThatAreAlmostGivenUp are not told any more: who has given one up does not take it up.
func TestDeadThatAreAlmostGivenUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(bob)
		soon := reconnectTimeout - reconnectTimeout/8
		w.sleep(soon - 10*time.Second)
		if len(w.deadRecords(w.now)) != 1 {
			t.Fatal("it is not told")
		}
		w.sleep(20 * time.Second)
		w.want(bob, member.Dead)
		if have := w.deadRecords(w.now); len(have) != 0 {
			t.Errorf("told %+v", have)
		}
	})
}

// TestManyLearnedDeadAreNoCrowd: a node that joins an open cluster which has lost many members lists
// them for as long as the others do.
func TestManyLearnedDeadAreNoCrowd(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.cfg.TakesClear = func() bool { return true }
		const many = crowdedFrom + 20
		for i := range many {
			w.says(alice, endedRecord(recordDead, nth(i), uint64(i)+1, time.Minute))
		}
		w.sleep(2 * deadStranger)
		if n := len(w.deadRecords(w.now)); n != many {
			t.Errorf("%d dead are listed, want %d", n, many)
		}
	})
}

// TestCauseGoesWithItsDeath in one message, whatever the length of the list.
func TestCauseGoesWithItsDeath(t *testing.T) {
	for n := range 2 * recordListMostV4 {
		var l recordList
		for i := range n {
			l.records = append(l.records, record{recordAlive, nth(i), 1, 0})
		}
		for i := range 2 * recordListMostV4 {
			l.records = append(l.records, endedRecord(recordDead, nth(i), uint64(i), 0), causeRecord(alice, uint64(i), member.NoAnswer))
		}
		var all []record
		for _, b := range l.encode() {
			part, ok := parseRecordList(b)
			if !ok || len(b) > wire.MaxRelayedData || part.records[0].status == recordCause {
				t.Fatalf("%d: a message of %d bytes begins with %+v", n, len(b), part.records[0])
			}
			all = append(all, part.records...)
		}
		if !slices.Equal(all, l.records) {
			t.Fatalf("%d: %d records of %d arrive", n, len(all), len(l.records))
		}
	}
}
