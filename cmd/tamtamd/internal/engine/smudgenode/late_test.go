// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clockworksoul/smudge"
)

// TestLateEvents: the first of the events that wait shows how late they are reported.
func TestLateEvents(t *testing.T) {
	node, err := smudge.CreateNodeByIP(net.IPv4(127, 1, 2, 3), 9)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		l := newListener(netip.AddrPortFrom(loopback, 1), counters.NewSet())
		for _, waits := range []time.Duration{0, 100 * time.Millisecond, time.Second} {
			l.OnChange(node, smudge.StatusAlive)
			time.Sleep(waits / 2)
			l.OnChange(node, smudge.StatusDead)
			time.Sleep(waits / 2)
			if _, _, late := l.take(); late != waits {
				t.Errorf("late by %v, want %v", late, waits)
			}
			if _, _, late := l.take(); late != 0 {
				t.Errorf("late by %v without events", late)
			}
			time.Sleep(time.Hour)
		}
	})
}

// TestLatePing: a ping that does not get from Smudge to the wire in time shows that this node is
// late.
func TestLatePing(t *testing.T) {
	p := netip.MustParseAddrPort("[2001:db8::1a7e]:9999")
	if err := the.node.Add(p); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(p)
	const least = time.Second
	late := func() time.Duration { return time.Duration(the.late.Swap(0)) }
	late()
	the.node.mu.Lock() // a ping is on its way for some time, and another one now
	asked := time.Now().Add(-least)
	the.node.byReal[p].pinged.Set(asked, asked)
	the.node.mu.Unlock()
	the.node.Ping(p)
	for began := time.Now(); ; {
		if by := late(); by >= least {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("no ping was late")
		}
		time.Sleep(time.Millisecond)
	}
}
