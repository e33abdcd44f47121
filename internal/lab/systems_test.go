// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"testing"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// What each system tells, and what becomes of it on the board.

func TestSerfLog(t *testing.T) {
	b := newBoard(3)
	b.begin(0)
	l := &eventLines{board: b, observer: 0, index: map[string]int{"a": 0, "b": 1, "c": 2}}
	for _, chunk := range []string{
		"==> Starting Serf agent...\n2026/01/02 15:04:05 [INFO] serf: EventMemberJoin: a 10.88.0.1\n2026/01/02 15:04:05 [INFO] ser",
		"f: EventMemberJoin: b 10.88.0.2\n",
		"    2026/01/02 15:04:05 [INFO] serf: EventMemberJoin: c 10.88.0.3\n",
		"2026/01/02 15:04:06 [INFO] serf: EventMemberUpdate: b\n",
		"2026/01/02 15:04:06 [INFO] serf: EventMemberJoin: stranger 10.88.0.9\n",
		"2026/01/02 15:04:06 [INFO] agent: Received event: member-failed\n",
		"2026/01/02 15:04:07 [INFO] serf: EventMemberFailed: b 10.88.0.2\n",
		"2026/01/02 15:04:08 [INFO] serf: EventMemberLeave (forced): c 10.88.0.3\n",
	} {
		if n, err := l.Write([]byte(chunk)); n != len(chunk) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	for subject, want := range []status{alive, dead, left} {
		if got := b.view[0][subject]; got != want {
			t.Errorf("node %d is %v, want %v", subject, got, want)
		}
	}
	if _, err := l.Write([]byte("2026/01/02 15:04:09 [INFO] serf: EventMemberReap: b\n")); err != nil || b.view[0][1] != unlisted {
		t.Errorf("reaped, it is %v", b.view[0][1])
	}
}

func present(address string, s tamtamv1.MemberStatus) *tamtamv1.WatchMembersResponse {
	return &tamtamv1.WatchMembersResponse{Revision: 7, Event: &tamtamv1.WatchMembersResponse_Present{
		Present: &tamtamv1.Member{Address: address, Status: s}}}
}

func synced(resumed bool) *tamtamv1.WatchMembersResponse {
	return &tamtamv1.WatchMembersResponse{Revision: 7, Event: &tamtamv1.WatchMembersResponse_Synced{
		Synced: &tamtamv1.Synced{Resumed: resumed}}}
}

func changed(revision uint64, address string, s tamtamv1.MemberStatus, removed bool) *tamtamv1.WatchMembersResponse {
	return &tamtamv1.WatchMembersResponse{Revision: revision, Event: &tamtamv1.WatchMembersResponse_Change{
		Change: &tamtamv1.MemberChange{Member: &tamtamv1.Member{Address: address, Status: s}, Removed: removed}}}
}

func TestTamtamWatch(t *testing.T) {
	const (
		aliveV1 = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
		deadV1  = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
		leftV1  = tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
	)
	b := newBoard(3)
	b.begin(0)
	w := &watch{board: b, observer: 0, index: map[string]int{"a": 0, "b": 1, "c": 2}, present: map[int]status{}}
	sees := func(when string, want ...status) {
		t.Helper()
		got, wanted := map[int]status{}, map[int]status{}
		for i, s := range want {
			got[i], wanted[i] = b.view[0][i], s
		}
		if !maps.Equal(got, wanted) {
			t.Errorf("%s: it sees %v, want %v", when, got, wanted)
		}
	}

	w.step(present("a", aliveV1), time.Now())
	w.step(present("b", aliveV1), time.Now())
	sees("before the mark", unlisted, unlisted, unlisted)
	if w.revision != nil {
		t.Error("a part of the list is no revision to resume after")
	}
	if !w.step(synced(false), time.Now()) {
		t.Error("it is not up to date after the mark")
	}
	sees("after the mark", alive, alive, unlisted)
	w.step(changed(8, "c", aliveV1, false), time.Now())
	w.step(changed(9, "b", deadV1, false), time.Now())
	w.step(changed(10, "stranger", aliveV1, false), time.Now())
	sees("after changes", alive, dead, alive)

	// The stream breaks and resumes: the mark replaces nothing.
	w.present = map[int]status{}
	w.step(synced(true), time.Now())
	sees("resumed", alive, dead, alive)
	w.step(changed(11, "c", leftV1, false), time.Now())
	w.step(changed(12, "b", deadV1, true), time.Now())
	sees("after leaving and removal", alive, unlisted, left)
	if w.revision == nil || *w.revision != 12 {
		t.Errorf("it would resume after %v, want 12", w.revision)
	}

	// It cannot resume: the present members replace what was known.
	w.present = map[int]status{}
	w.step(present("a", aliveV1), time.Now())
	w.step(synced(false), time.Now())
	sees("again", alive, unlisted, unlisted)
}
