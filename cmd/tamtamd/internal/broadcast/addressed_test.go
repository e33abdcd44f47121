// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// role returns recipients by a tag, and named by addresses, encoded.
func role(pattern string) recipients.Recipients {
	return recipients.Recipients{Tags: []*peerv1.TagCondition{{Key: "role", Pattern: pattern}}}
}

func named(some ...netip.AddrPort) recipients.Recipients {
	return recipients.Recipients{Members: some}
}

func encoded(r recipients.Recipients, report bool) string { return r.Encode(report, 1000)[0].Text }

// address broadcasts a message for some members.
func (n *simNode) address(to string) uint64 {
	m := n.BroadcastTo(n.sim.now, "", fmt.Appendf(nil, "%s %d", n.addr, n.own.last+1), to)
	n.push(n.sim.now)
	n.touched = true
	return m.Sequence
}

// TestAddressed: each node's readers get what is for the node, once and in order, without gaps,
// over lossy links, in clusters in which the origin pushes and in which all pass on; and the origin
// learns for whom a message was.
func TestAddressed(t *testing.T) {
	for _, c := range []struct {
		nodes int
		loss  float64
	}{{5, 0}, {5, 0.3}, {smallMost + 10, 0.3}} {
		for seed := range seeds(4) {
			s := meshed(t, experiment{nodes: c.nodes, fanOut: FanOut(c.nodes), loss: c.loss}, seed)
			origin := s.list[0]
			for i, n := range s.list {
				n.tags = fmt.Sprintf("role=%d\n", i%3)
			}
			want := map[*simNode][]uint64{}
			reported := map[uint64]int{}
			for i := range 60 {
				to, r := "", i%3
				switch i % 4 {
				case 0:
					to = encoded(role(fmt.Sprint(r)), true)
					reported[origin.own.last+1] = r
					origin.AwaitReports(origin.own.last + 1)
				case 1:
					to = encoded(named(s.list[r].addr), false)
				}
				seq := origin.address(to)
				for j, n := range s.list {
					if i%4 > 1 || i%4 == 0 && j%3 == r || i%4 == 1 && j == r {
						want[n] = append(want[n], seq)
					}
				}
				s.run(10 * time.Millisecond)
			}
			s.run(10 * time.Second)
			for i, n := range s.list {
				if got := n.got[origin.cfg.Local]; !slices.Equal(got, want[n]) || len(n.gaps) > 0 {
					t.Errorf("%+v, seed %d: node %d got %v, gaps %v, want %v", c, seed, i, got, n.gaps, want[n])
				}
				for seq, r := range reported {
					if mine, ok := origin.Reported(n.addr, seq); n != origin && (!ok || mine != (i%3 == r)) {
						t.Errorf("%+v, seed %d: node %d reported %v, %v of %d", c, seed, i, mine, ok, seq)
					}
				}
			}
			if len(origin.own.reports) != len(reported) {
				t.Errorf("%d awaited", len(origin.own.reports))
			}
		}
	}
}

// TestAddressedByTheTagsOfThatMoment: a message that waits for an earlier one is for those whose tags
// match when it is its turn, and what was decided stays, for readers that come later.
func TestAddressedByTheTagsOfThatMoment(t *testing.T) {
	s, theirs := met()
	tags := ""
	s.cfg.Includes = func(to string) (bool, bool) { return recipients.Include(to, local.Origin, tags) }
	for seq := uint64(2); seq <= 3; seq++ {
		b, _ := appendBatch(nil, []Message{{Stream: theirs, Sequence: seq, To: encoded(role("web"), seq == 3), Sent: s.now}}, true)
		s.hear(b)
	}
	tags = "role=web\n"
	s.hear(numbered(theirs, 1))
	tags = ""
	b, _ := appendBatch(nil, []Message{{Stream: theirs, Sequence: 4, To: encoded(role("web"), true), Sent: s.now}}, true)
	s.hear(b)
	tags = "role=web\n"
	if !slices.Equal(s.got, []uint64{1, 2, 3}) {
		t.Errorf("readers got %v", s.got)
	}
	kept := s.store.last(-1, time.Time{}, func(Message) bool { return true })
	if len(kept) != 3 || s.store.len() != 4 || kept[2].Sequence != 3 {
		t.Errorf("later readers get %d of %d", len(kept), s.store.len())
	}
	s.Tick(s.now)
	reports := s.of(kindReport)
	if len(reports) != 1 || !reflect.DeepEqual(reports[0], appendReport(nil, theirs, []uint64{3 | reportMine, 4})) {
		t.Errorf("reported %v", reports)
	}
}

// TestAddressedArePassedOn in a large cluster, by nodes that they are not for, too, and once.
func TestAddressedArePassedOn(t *testing.T) {
	s, theirs := met()
	s.pushAll = 1
	s.Up(s.now, other, 3, true)
	s.cfg.Includes = func(string) (bool, bool) { return false, false }
	for range 2 {
		b, _ := appendBatch(nil, []Message{{Stream: theirs, Sequence: 1, To: "x", Sent: s.now}}, true)
		s.hear(b)
	}
	if len(s.of(kindAddressed)) != 1 || len(s.got) > 0 {
		t.Errorf("passed on %d times, delivered %v", len(s.of(kindAddressed)), s.got)
	}
}

// TestReportsAreRepeated until they could be sent, within a bound.
func TestReportsAreRepeated(t *testing.T) {
	s, theirs := met()
	s.cfg.Includes = func(string) (bool, bool) { return true, true }
	full := s.cfg.Send
	s.cfg.Send = func(netip.AddrPort, []byte, uint64, bool) bool { return false }
	for seq := range uint64(maxOwed + 7) {
		b, _ := appendBatch(nil, []Message{{Stream: theirs, Sequence: seq + 1, To: "x", Sent: s.now}}, true)
		s.hear(b)
	}
	s.Tick(s.now)
	if n := len(s.streams[theirs].owed); n != maxOwed {
		t.Errorf("%d reports wait", n)
	}
	s.cfg.Send = full
	if next := s.Next(s.now); next.After(s.now.Add(oweAgain)) {
		t.Errorf("due in %v", next.Sub(s.now))
	}
	s.now = s.now.Add(oweAgain)
	s.Tick(s.now)
	n := 0
	for _, b := range s.of(kindReport) {
		if _, numbers, ok := parseReport(b); ok && len(b) <= limits.RelayedData {
			n += len(numbers)
		}
	}
	if n != maxOwed || len(s.streams[theirs].owed) != 0 || s.of(kindReport) == nil {
		t.Errorf("%d reported, %d wait", n, len(s.streams[theirs].owed))
	}
}

// TestEarlierVersionJoins: a member that cannot read a message for some members, and joins just
// after it, does not wait for it, and gets what follows, without a gap.
func TestEarlierVersionJoins(t *testing.T) {
	for seed := range seeds(8) {
		s := newSim(t, seed)
		s.loss = 0.3
		origin := s.cluster(3)[0]
		for range 3 {
			origin.say()
			origin.address(encoded(named(s.list[1].addr), false))
		}
		old := s.lone(at(9))
		old.earlier = true
		for _, m := range s.list[:3] {
			old.Up(s.now, m.addr, m.cfg.Local.Session, true)
			m.Up(s.now, old.addr, old.cfg.Local.Session, false)
		}
		for range 5 {
			s.run(50 * time.Millisecond)
			origin.say()
		}
		s.run(5 * time.Second)
		if got := old.got[origin.cfg.Local]; !slices.Equal(got, []uint64{7, 8, 9, 10, 11}) || len(old.gaps) > 0 {
			t.Errorf("seed %d: it got %v, gaps %v", seed, got, old.gaps)
		}
	}
}

// TestEarlierVersionIsNotPushedWhatItCannotRead: it would acknowledge, and drop, what is for it in the same
// batch.
func TestEarlierVersionIsNotPushedWhatItCannotRead(t *testing.T) {
	s := newScript()
	s.cfg.Includes = func(string) (bool, bool) { return true, false }
	s.Broadcast(s.now, "", nil)
	s.BroadcastTo(s.now, "", nil, "x")
	s.Up(s.now, peer, 2, false)
	s.Tick(s.now)
	s.hear(appendWant(nil, want{local, 1, 3}))
	if len(s.of(kindAddressed)) > 0 || len(s.of(kindRepairAddressed)) > 0 || s.repairs() != 1 {
		t.Errorf("sent %v", s.sent)
	}
}

// TestEarlierVersionReturns: one that was cut off meanwhile is told that the message is gone, and gets all
// others.
func TestEarlierVersionReturns(t *testing.T) {
	for seed := range seeds(8) {
		s := newSim(t, seed)
		all := s.cluster(3)
		origin, old := all[0], all[2]
		old.earlier = true
		for _, m := range all[:2] {
			m.members[old.addr].addressing = false
		}
		origin.say()
		s.run(time.Second)
		s.cut = func(a, b netip.AddrPort) bool { return a == old.addr || b == old.addr }
		for _, m := range all[:2] {
			m.Gone(old.addr)
		}
		origin.say()
		seq := origin.address(encoded(named(all[1].addr), false))
		s.run(5 * time.Second)
		s.cut = nil
		for _, m := range all[:2] {
			m.Up(s.now, old.addr, old.cfg.Local.Session, false)
		}
		origin.say()
		s.run(5 * time.Second)
		if got := old.got[origin.cfg.Local]; !slices.Equal(got, []uint64{1, 2, 4}) || !slices.Equal(old.gaps, []Gap{{origin.cfg.Local, seq, seq}}) {
			t.Errorf("seed %d: it got %v, gaps %v", seed, got, old.gaps)
		}
		if have, missing := origin.Have(4); have != 2 || len(missing) > 0 {
			t.Errorf("seed %d: %d have it, not %v", seed, have, missing)
		}
	}
}

// TestAddressedCodec: messages for some and for all go into one batch, and the largest fits into a frame.
func TestAddressedCodec(t *testing.T) {
	now := time.Unix(1e9, 5)
	some := messagesOf200(1, 4)
	for i := range some {
		some[i].Received = now
	}
	some[0].To, some[2].To = encoded(role("web"), true), encoded(named(peer), false)
	for first, want := range [][]Message{some, some[1:], some[2:], some[3:]} {
		b, n := appendBatch(nil, want, first%2 == 0)
		have, ok := parseBatch(nil, b, now)
		if !ok || n != len(want) || !reflect.DeepEqual(have, want) || isAddressed(b) != (first < 3) {
			t.Errorf("from %d on: %+v is read as %+v, %v", first, want, have, ok)
		}
		for i := range b {
			if cut, ok := parseBatch(nil, b[:i], now); ok && len(cut) >= n && first < 3 {
				t.Errorf("%d of %d bytes are all messages", i, len(b))
			}
		}
	}
	long := recipients.Recipients{Members: []netip.AddrPort{six.Origin}, Tags: []*peerv1.TagCondition{{Key: "a", Pattern: strings.Repeat("x", limits.MaxConditions-8)}}}
	if err := long.Check(); err != nil {
		t.Fatal(err)
	}
	m := Message{Stream: six, Sequence: 1, Topic: strings.Repeat("x", MaxTopic), Payload: make([]byte, limits.MaxQuestion), Sent: now, To: encoded(long, true)}
	b, n := appendBatch(nil, []Message{m, m}, true)
	if have, ok := parseBatch(nil, b, now); n != 1 || !ok || len(have) != 1 || have[0].To != m.To || len(b) > limits.FrameData {
		t.Errorf("%d messages of %d bytes, %v", n, len(b), ok)
	}
	if s, numbers, ok := parseReport(appendReport(nil, six, []uint64{7, 8 | reportMine})); !ok || s != six || !slices.Equal(numbers, []uint64{7, 8 | reportMine}) {
		t.Errorf("%v %v %v", s, numbers, ok)
	}
	if _, _, ok := parseReport(appendReport(nil, six, []uint64{7})[:30]); ok {
		t.Error("a part of a number is read")
	}
	if n := 1 + streamSize + 8*reportAtOnce; n > limits.RelayedData {
		t.Errorf("a report of %d bytes", n)
	}
}
