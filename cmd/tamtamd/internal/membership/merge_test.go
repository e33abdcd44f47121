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
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// listed is a list of records that a member sends.
func listed(by netip.AddrPort, l recordList) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: by, Channel: RecordsChannel, Data: l.encode()[0]}
}

// says has a member send records.
func (w *world) says(by netip.AddrPort, records ...record) {
	w.event(listed(by, recordList{records: records}))
}

// compares has a member that knows records begin a comparison.
func (w *world) compares(by netip.AddrPort, digest, sum uint64) []packet {
	l := memberList{ask: true, digest: digest, records: sum}
	w.event(wire.Event{Kind: wire.Received, Addr: by, Channel: MembersChannel, Data: l.encode()[0]})
	return of(w.take(), "records", by)
}

// TestComparisonOfRecords: the same digest is answered with nothing, another with the digests
// of the buckets, and one who joins with all records.
func TestComparisonOfRecords(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		own := buckets(w.records(w.now))
		if sent := w.compares(alice, w.digest()+1, own.Sum()); len(sent) != 0 {
			t.Errorf("the same digest is answered with %+v", sent)
		}
		if sent := w.compares(alice, w.digest(), own.Sum()+1); len(sent) != 1 || *sent[0].list.digests != *own {
			t.Errorf("another digest is answered with %+v", sent)
		}
		want := []record{liveRecord(self, w.cfg.Self.Info), liveRecord(alice, w.members.get(alice).info), liveRecord(bob, w.members.get(bob).info)}
		if sent := w.compares(alice, 0, 1); len(sent) != 1 || sent[0].ask || !slices.Equal(sent[0].list.records, want) {
			t.Errorf("who joins is told %+v", sent)
		}
		if n := w.counted()["comparisons_differed"]; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

// TestDigestsAreAnsweredWithWhatDiffers, and what differs is asked for.
func TestDigestsAreAnsweredWithWhatDiffers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		theirs := *buckets(w.records(w.now))
		w.event(listed(alice, recordList{digests: &theirs}))
		if sent := of(w.take(), "records", alice); len(sent) != 0 {
			t.Errorf("the same digests are answered with %+v", sent)
		}
		theirs.Add(bob, []byte("another record"))
		w.event(listed(alice, recordList{digests: &theirs}))
		sent := of(w.take(), "records", alice)
		if len(sent) != 1 || !sent[0].ask || sent[0].list.buckets != buckets(w.records(w.now)).Differ(&theirs) ||
			!slices.ContainsFunc(sent[0].list.records, func(r record) bool { return r.addr == bob }) {
			t.Fatalf("other digests are answered with %+v", sent)
		}
		asked := sent[0].list
		w.event(listed(alice, recordList{ask: true, buckets: asked.buckets}))
		if sent := of(w.take(), "records", alice); len(sent) != 1 || sent[0].ask || !slices.Equal(sent[0].list.records, asked.records) {
			t.Errorf("a question is answered with %+v, want %+v", sent, asked.records)
		}
	})
}

// TestComparisonIsBounded: nodes that know quite different members, as in a cluster over the
// bound, exchange a part at a time.
func TestComparisonIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for i := range 3 * maxCompared {
			w.event(up(nth(i), 7))
		}
		w.take()
		w.event(listed(alice, recordList{digests: &spread.Buckets{}}))
		sent, records := of(w.take(), "records", alice), 0
		for _, p := range sent {
			records += len(p.list.records)
		}
		if records > maxCompared || records < maxCompared/2 || !sent[len(sent)-1].ask {
			t.Errorf("%d records in %d frames", records, len(sent))
		}
	})
}

// TestEarlierVersionsGetNoRecords: a frame of an unknown channel would be retransmitted to
// them, and dropped.
func TestEarlierVersionsGetNoRecords(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(told(alice, true, w.digest()+1))
		w.event(told(alice, true, 0))
		for _, p := range w.lasts(time.Hour) {
			if p.what == "records" {
				t.Fatalf("sent %+v", p)
			}
		}
	})
}

// TestRecordsAgree whatever is known of times, not if tags or sessions differ.
func TestRecordsAgree(t *testing.T) {
	sum := func(f func(w *world)) (sum uint64) {
		inWorld(t, func(w *world) {
			w.member(alice, bob)
			f(w)
			sum = buckets(w.records(w.now)).Sum()
		})
		return sum
	}
	left := func(w *world) { w.event(leaves(bob, w.open[bob])) }
	leftLater := func(w *world) { w.sleep(time.Minute); left(w) }
	base := sum(func(*world) {})
	if sum(left) != sum(leftLater) || sum(left) == base {
		t.Error("a leave is not in it, or its time is")
	}
	if sum(func(w *world) { w.remove(bob) }) == sum(left) {
		t.Error("a removal is a leave")
	}
	if sum(func(w *world) { w.remove(bob) }) != sum(func(w *world) { w.remove(bob); w.tombstones.Readmit(bob, w.now) }) {
		t.Error("a readmission makes a difference for as long as the removal is remembered")
	}
	retag := func(w *world) {
		w.event(wire.Event{Kind: wire.Changed, Addr: bob, Session: w.open[bob], Profile: Profile{Tags: "a=b"}.Encode()})
	}
	if sum(retag) == base {
		t.Error("tags are not in it")
	}
	if sum(func(w *world) { w.event(up(bob, 99)) }) == base {
		t.Error("sessions are not in it")
	}
}

// TestReportedLeaveMakesTheDeadLeft: that session only.
func TestReportedLeaveMakesTheDeadLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		session := w.open[bob]
		w.dead(bob)
		w.says(alice, record{recordLeft, bob, session + 1, 100})
		w.want(bob, member.Dead)
		w.says(alice, record{recordLeft, bob, session, 3})
		w.want(bob, member.Left)
		w.sleep(detect.LeftRetry)
		w.take()
		if sent := w.lasts(time.Minute); len(of(sent, "greet", bob)) != 0 {
			t.Error("it is greeted on")
		}
		// It does at once what it does after a leave of its own.
		w.event(up(bob, session+2))
		w.want(bob, member.Alive)
	})
}

// TestReportedLeaveEndsNoLiveMember: a member that answers stays, whatever others say of it.
func TestReportedLeaveEndsNoLiveMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		for range 10 {
			w.says(alice, record{recordLeft, bob, w.open[bob], 3}, record{recordDead, bob, w.open[bob], 0})
			w.sleep(detect.QuestionTime)
		}
		w.want(bob, member.Alive)
		if n := w.counted()["questions_answered"]; n == 0 {
			t.Error("it was not asked")
		}
		if w.tombstones.Len() != 0 {
			t.Error("its end is reported on")
		}
		w.dies(bob) // later, and without a leave
		w.status(bob, datagram.Dead, self)
		w.want(bob, member.Dead)
	})
}

// TestReportedLeaveExplainsSilence: who is found dead after it has left is LEFT.
func TestReportedLeaveExplainsSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		session := w.open[bob]
		w.dies(bob)
		w.says(alice, record{recordLeft, bob, session, 3})
		w.want(bob, member.Alive)
		w.status(bob, datagram.Dead, self)
		w.want(bob, member.Left)
		if got := slices.Collect(keys(w.tombstones)); !slices.Equal(got, []netip.AddrPort{bob}) {
			t.Errorf("tombstones of %v", got)
		}
	})
}

func keys(x *admission.Tombstones) func(func(netip.AddrPort) bool) {
	return func(yield func(netip.AddrPort) bool) {
		for a := range x.All() {
			if !yield(a) {
				return
			}
		}
	}
}

// TestReportedRemovalShutsOut the removed session, here and at those that this node tells.
func TestReportedRemovalShutsOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.says(alice, record{recordRemoved, carol, 7, 60}, record{recordRemoved, bob, w.open[bob], 60})
		w.want(bob, 0)
		w.open[carol] = 7
		w.take()
		w.event(up(carol, 7))
		if sent := w.take(); len(of(sent, "remove", carol)) != 1 || len(of(sent, "close", carol)) != 1 {
			t.Errorf("sent %+v", sent)
		}
		sent := w.compares(alice, 0, 1)
		if len(sent) != 1 || !slices.Contains(sent[0].list.records, record{recordRemoved, carol, 7, 60}) {
			t.Errorf("told %+v", sent)
		}
		w.event(up(carol, 8))
		w.want(carol, member.Alive)
		w.says(alice, record{recordRemoved, carol, 7, 60})
		w.want(carol, member.Alive)
		if w.tombstones.ShutsOut(carol) || w.counted()["tombstones_learned"] != 2 {
			t.Errorf("shut out: %v, counted %v", w.tombstones.ShutsOut(carol), w.counted()["tombstones_learned"])
		}
	})
}

// TestRemovalOfAnUnmetMemberIsRemembered: a node that has just joined hears of it, too.
func TestRemovalOfAnUnmetMemberIsRemembered(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(removes(alice, carol, 7))
		w.event(up(carol, 7))
		w.want(carol, 0)
	})
}

// TestRemovalIsForgotten after the time in which members that ended are kept.
func TestRemovalIsForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		const age = reconnectTimeout/time.Second - 10
		w.says(alice, record{recordRemoved, bob, 7, uint32(age)}, record{recordRemoved, carol, 7, uint32(reconnectTimeout / time.Second)})
		if !w.tombstones.ShutsOut(bob) || w.tombstones.ShutsOut(carol) {
			t.Error("the younger is not remembered, or the older is")
		}
		if w.sleep(12 * time.Second); w.tombstones.ShutsOut(bob) || w.tombstones.Len() != 0 {
			t.Error("it is not forgotten")
		}
	})
}

// TestReadmissionOutlastsReports: Join lets a removed node in, and others that did not hear of
// it do not have it removed again.
func TestReadmissionOutlastsReports(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		session := w.open[bob]
		w.remove(bob)
		w.sleep(time.Minute)
		if err := w.joined(bob); err != nil {
			t.Fatal(err)
		}
		w.says(alice, record{recordRemoved, bob, session, 60})
		w.want(bob, member.Alive)
	})
}

// TestReportedSelfRemoval: a node that was cut off when it was removed learns of it.
func TestReportedSelfRemoval(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.says(alice, record{recordLeft, self, 1, 3}, record{recordDead, self, 1, 3}, record{recordRemoved, self, 99, 3})
		if w.selfRemoved {
			t.Fatal("it takes another session, or another end, for its removal")
		}
		w.says(alice, record{recordRemoved, self, 1, 3}, record{recordAlive, carol, 7, 0})
		if !w.selfRemoved || len(w.Live()) != 0 || len(of(w.lasts(time.Minute), "greet", carol)) != 0 {
			t.Error("it does not take itself for removed")
		}
	})
}

// TestReportedDeathIsAsked: of the member, unless it was heard since.
func TestReportedDeathIsAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.sleep(10 * time.Second)
		w.take()
		w.says(alice, record{recordDead, bob, w.open[bob], 20}, record{recordDead, bob, 99, 0})
		if sent := of(w.lasts(time.Second), "greet", bob); len(sent) != 0 {
			t.Errorf("one that was heard since is greeted %d times", len(sent))
		}
		w.says(alice, record{recordDead, bob, w.open[bob], 0})
		if sent := of(w.lasts(time.Second), "greet", bob); len(sent) == 0 {
			t.Error("it is not asked")
		}
		w.want(bob, member.Alive)
	})
}

// TestOtherTagsAreAskedFor: of the member, which sends its profile to who speaks to it.
func TestOtherTagsAreAskedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.says(alice, record{recordAlive, bob, w.open[bob], hashTags("a=b")}, record{recordAlive, self, 1, hashTags("c=d")})
		sent := w.take()
		if len(of(sent, "tell", bob)) != 1 || len(sent) != 1 {
			t.Errorf("sent %+v", sent)
		}
		if m, _ := w.table.Get(bob); m.Tags != "" {
			t.Errorf("hearsay has set its tags to %q", m.Tags)
		}
		w.says(alice, record{recordAlive, bob, w.open[bob], hashTags("")})
		if sent := w.take(); len(sent) != 0 {
			t.Errorf("the same tags: sent %+v", sent)
		}
	})
}

// TestOtherSessionsAreGreeted, as addresses of no member are.
func TestOtherSessionsAreGreeted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.lives(bob, 77)
		w.lives(carol, 78)
		w.says(alice, record{recordAlive, bob, 77, 0}, record{recordAlive, carol, 78, 0}, record{recordAlive, netip.AddrPortFrom(dave.Addr(), 0), 1, 0})
		w.sleep(admission.AnswerTime)
		if w.open[bob] != 77 || w.open[carol] != 78 {
			t.Errorf("sessions %v", w.open)
		}
	})
}

// TestRecordsMakeFewQuestions, whatever a member says of all others.
func TestRecordsMakeFewQuestions(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		var lies []record
		for i := range 200 {
			w.event(up(nth(i), 7))
			lies = append(lies, []record{
				{recordAlive, nth(i), 8, 0}, {recordAlive, nth(i), 7, 1}, {recordLeft, nth(i), 7, 0}, {recordDead, nth(i), 7, 0},
			}[i%4])
		}
		w.sleep(time.Second)
		w.take()
		for _, b := range (recordList{records: lies}).encode() {
			w.event(wire.Event{Kind: wire.Received, Addr: alice, Channel: RecordsChannel, Data: b})
		}
		counted := w.counted()
		if asked := counted["record_asks"]; asked != 2*recordAsksPerSecond || counted["record_asks_ignored"] == 0 {
			t.Errorf("%d were asked, %d not", asked, counted["record_asks_ignored"])
		}
	})
}

// TestStrangersReportNoTombstones, nor do the dead.
func TestStrangersReportNoTombstones(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(alice)
		for _, by := range []netip.AddrPort{alice, carol} {
			w.says(by, record{recordRemoved, bob, w.open[bob], 0}, record{recordRemoved, dave, 1, 0})
			w.event(listed(by, recordList{ask: true, buckets: spread.AllBuckets}))
			if sent := of(w.take(), "records", by); len(sent) != 0 {
				t.Errorf("%s is told %+v", by, sent)
			}
		}
		w.want(bob, member.Alive)
		if w.tombstones.Len() != 0 {
			t.Error("it is believed")
		}
	})
}
