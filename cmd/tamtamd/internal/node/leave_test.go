// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestRemoveReturnsTheMember as it was, and when it returns, the table does not have it.
func TestRemoveReturnsTheMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(bob)
		for a, want := range map[netip.AddrPort]member.Status{alice: member.Alive, bob: member.Dead} {
			m, err := w.Remove(context.Background(), a.String(), nil, false)
			if _, listed := w.table.Get(a); err != nil || m.Addr != a || m.Status != want || listed {
				t.Errorf("Remove(%s) = %v, %v; listed %v", a, m, err, listed)
			}
		}
	})
}

// TestLeaveCounts who knows of it and who does not.
func TestLeaveCounts(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.plainMember(dave)
		w.deaf[alice] = true
		w.mu.Lock()
		delete(w.open, carol) // its session has ended, so it need not know
		w.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if acknowledged, missed := w.Leave(ctx); acknowledged != 2 || missed != 1 {
			t.Errorf("Leave = %d, %d", acknowledged, missed)
		}
		if a, m := w.Leave(context.Background()); a != 0 || m != 0 {
			t.Errorf("left again: %d, %d", a, m)
		}
	})
}

func TestRemoveErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		for address, want := range map[string]error{
			bob.String():   ErrNotMember,
			self.String():  ErrSelf,
			"no way":       ErrBadAddress,
			"[::1]:9999":   ErrBadAddress,
			"192.0.2.3:-1": ErrBadAddress,
		} {
			if _, err := w.Remove(context.Background(), address, nil, false); !errors.Is(err, want) {
				t.Errorf("Remove(%q) = %v, want %v", address, err, want)
			}
		}
	})
}

// TestSecondLeaveWaits: a caller that ends the process after it would cut the leaves of the
// first short.
func TestSecondLeaveWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.acking = 300 * time.Millisecond
		began := time.Now()
		go w.Leave(context.Background())
		synctest.Wait()
		w.Leave(context.Background())
		if took := time.Since(began); took != w.acking {
			t.Errorf("it returned after %v, the first took %v", took, w.acking)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.Leave(ctx) // nor does it wait forever
	})
}
