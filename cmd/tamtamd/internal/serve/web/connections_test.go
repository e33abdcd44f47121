// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"testing"
	"time"
)

// TestStuckReadersGiveWay: if all connections of a client have requests, one whose client takes
// nothing of its answer is closed in favour of a new one.
func TestStuckReadersGiveWay(t *testing.T) {
	l := newListener(nil, MaxConnections)
	var all []*conn
	for range maxConnectionsEach {
		c := &conn{l: l, client: "loopback"}
		if old, ok := l.enter(c); old != nil || !ok {
			t.Fatalf("%v, %v", old, ok)
		}
		c.serve(true)
		all = append(all, c)
	}
	if old, ok := l.enter(&conn{l: l, client: "loopback"}); old != nil || ok {
		t.Fatalf("all are served: %v, %v", old, ok)
	}
	all[3].note(time.Now()) // it has just begun
	if old, ok := l.enter(&conn{l: l, client: "loopback"}); old != nil || ok {
		t.Fatalf("a write has just begun: %v, %v", old, ok)
	}
	all[5].note(time.Now().Add(-takesNothing))
	next := &conn{l: l, client: "loopback"}
	if old, ok := l.enter(next); old != all[5] || !ok {
		t.Fatalf("%v, %v", old, ok)
	}
	next.serve(true)
	all[3].note(time.Time{})
	if old, ok := l.enter(&conn{l: l, client: "loopback"}); old != nil || ok {
		t.Fatalf("the write is done: %v, %v", old, ok)
	}
}
