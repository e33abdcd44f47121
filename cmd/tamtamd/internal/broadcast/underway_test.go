// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"testing"
	"time"
)

// TestWindowOfBatches: it grows while batches take as long as the fastest, is halved once for those
// of a round trip that are late, and is shut until a third of the members have half of them, or for
// underwayFor.
func TestWindowOfBatches(t *testing.T) {
	var u underway
	now := time.Unix(1e9, 0)
	token := uint64(0)
	fill := func(members int) (n int) {
		if u.room(now).After(now) {
			return 0
		}
		for ; len(u.batches) < u.window(); n++ {
			token++
			u.sent(token, members, now)
		}
		return n
	}
	// end has n members acknowledge all batches after a time.
	end := func(after time.Duration, n int) {
		now = now.Add(after)
		for _, b := range append([]batch{}, u.batches...) {
			for range n {
				u.acked(b.token, now)
			}
		}
	}
	if n := fill(5); n != firstUnderway {
		t.Fatalf("%d batches at first, want %d", n, firstUnderway)
	}
	if end(time.Millisecond, 1); fill(5) != 0 {
		t.Fatal("one of five members makes room for another")
	}
	if end(0, 1); len(u.batches) != 0 {
		t.Fatalf("two of five have all: %d batches are under way", len(u.batches))
	}
	for i := range 2 * maxUnderway {
		if n := fill(1); n < firstUnderway || n > firstUnderway+i+1 || n > maxUnderway {
			t.Fatalf("round trip %d: a window of %d", i, n)
		}
		end(time.Millisecond, 1)
	}
	if n := fill(1); n != maxUnderway {
		t.Errorf("a window of %d, want %d", n, maxUnderway)
	}
	late := lateFactor*time.Millisecond + lateSlack + latePerMember + 1
	for want := maxUnderway / 2; want > 0; want /= 2 {
		end(late, 1)
		if n := fill(1); n != want {
			t.Fatalf("after late batches: a window of %d, want %d", n, want)
		}
	}
	if room := u.room(now); room.Sub(now) != underwayFor {
		t.Errorf("nobody acknowledges: room in %v, want %v", room.Sub(now), underwayFor)
	}
	now = now.Add(underwayFor)
	if n := fill(1); n != 1 {
		t.Errorf("then: a window of %d, want 1", n)
	}
	if u.sent(0, 0, now); len(u.batches) != 1 {
		t.Errorf("a batch to nobody is under way")
	}
}

// TestPushesAreNotSmall: a push waits until half of the window is free.
func TestPushesAreNotSmall(t *testing.T) {
	now := time.Unix(1e9, 0)
	u := underway{size: 8}
	for token := range uint64(8) {
		u.sent(token, 1, now)
	}
	for token := range uint64(8) {
		if room := !u.room(now).After(now); room != (token >= 4) {
			t.Errorf("%d of 8 batches are acknowledged: room %v", token, room)
		}
		u.acked(token, now)
	}
}

// TestLateForMany: to send to many takes longer, and is late later.
func TestLateForMany(t *testing.T) {
	const most = 200 * latePerMember
	var u underway
	now := time.Unix(1e9, 0)
	u.late(1, 1, now)
	if !u.late(most, 1, now) || u.late(most, 200, now) || !u.late(most+lateSlack+3, 200, now) {
		t.Errorf("a batch to 1 member that takes %v is late: %v; to 200: %v", most, u.late(most, 1, now), u.late(most, 200, now))
	}
}

// TestFastestBatchIsForgotten: where all take longer for good, that is not late after two minutes;
// what takes lateMost is late always.
func TestFastestBatchIsForgotten(t *testing.T) {
	var u underway
	now := time.Unix(1e9, 0)
	for _, c := range []struct {
		took  time.Duration
		after time.Duration // since the last
		late  bool
	}{
		{time.Millisecond, 0, false}, {200 * time.Millisecond, time.Second, true},
		{200 * time.Millisecond, fastestFor, true}, {200 * time.Millisecond, fastestFor, false},
		{lateMost + 1, fastestFor, true}, {lateMost + 1, fastestFor, true}, {lateMost + 1, fastestFor, true},
		{time.Millisecond, 0, false}, {200 * time.Millisecond, 0, true},
	} {
		now = now.Add(c.after)
		if late := u.late(c.took, 0, now); late != c.late {
			t.Errorf("a batch of %v after %v: late %v", c.took, c.after, late)
		}
	}
}

// TestPushesWaitForRoom: what does not fit in the window goes out when there is room, all of
// it, and the last before the window is shut is acknowledged at once.
func TestPushesWaitForRoom(t *testing.T) {
	now := time.Unix(1e9, 0)
	c, sent := origin(4)
	for range 40 {
		c.Broadcast(now, "", make([]byte, 200)) // five in a batch
	}
	total := 0
	for range 10 {
		c.Tick(now)
		got := sent()
		if len(got) == 0 {
			break
		}
		for _, p := range got {
			total += p.messages
		}
		if full := total < 40; full && (!got[len(got)-1].last || !c.Next(now).After(now)) || len(got) > firstUnderway+1 {
			t.Errorf("sent %+v; the next is due in %v", got, c.Next(now).Sub(now))
		}
		now = now.Add(time.Millisecond)
		c.ackedByAll(now, got)
	}
	if total != 40 {
		t.Errorf("%d of 40 messages were sent", total)
	}
}

// TestSuspectedMembersHoldUpNoPush: where most members are suspected, those that are not have the
// next batch as soon as they acknowledge the last.
func TestSuspectedMembersHoldUpNoPush(t *testing.T) {
	now := time.Unix(1e9, 0)
	c, sent := origin(10)
	for a := range c.members {
		c.Suspect(a, a != peer)
	}
	for i := range 2 * maxUnderway {
		c.Broadcast(now, "", nil)
		c.Tick(now)
		got := sent()
		if len(got) != 1 {
			t.Fatalf("message %d: %d batches were sent, want 1", i+1, len(got))
		}
		now = now.Add(time.Millisecond)
		c.Acked(now, peer, 2, got[0].token)
		now = now.Add(100 * time.Millisecond) // the pace is no bound
	}
}
