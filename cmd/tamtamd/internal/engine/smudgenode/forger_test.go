// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// counted returns the counters of what was dropped.
func counted() map[string]uint64 {
	m := map[string]uint64{}
	the.node.Counters(m)
	return m
}

// TestSmudgesOwnTrafficPasses: nothing of what Smudge itself says is dropped: its pings,
// its answers, its questions about another, its pings and answers on another's behalf.
func TestSmudgesOwnTrafficPasses(t *testing.T) {
	var peers []netip.AddrPort
	for i := range 4 {
		p := netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::a:%d]:1", i))
		peers = append(peers, p)
		the.locked(func() { the.up[p] = true })
		if err := the.node.Add(p); err != nil {
			t.Fatal(err)
		}
		defer the.node.Remove(p)
	}
	type key struct {
		to   netip.AddrPort
		verb datagram.Verb
	}
	said := map[key]int{}
	the.locked(func() {
		the.watch = func(to netip.AddrPort, d datagram.Datagram) { said[key{to, d.Verb()}]++ }
	})
	defer the.locked(func() { the.watch = nil })
	eventually(t, "all are pinged", func() bool {
		for _, p := range peers {
			if said[key{p, datagram.Ping}] < 3 {
				return false
			}
		}
		return true
	})

	atomic.AddUint32(&currentHeartbeat, 1000) // so the peers' heartbeats below are not Smudge's
	before := counted()
	deliver := func(from netip.AddrPort, b []byte) {
		d, fault := datagram.Parse(b, datagram.IPv6)
		if fault != "" {
			t.Fatal(fault)
		}
		if !the.node.Deliver(from, d, all{}) {
			t.Errorf("a datagram from %s was not delivered", from)
		}
	}
	for h := range uint32(100) {
		deliver(peers[0], datagram.AppendBare(nil, datagram.Ping, 1, h))
		deliver(peers[1], datagram.AppendBare(nil, datagram.NFPing, 1, h))
	}
	for h := range uint32(10) {
		deliver(peers[2], datagram.Compose(datagram.IPv6, datagram.PingReq, 1, h, []datagram.Entry{datagram.Target(peers[3], h)}))
	}
	for _, p := range peers {
		the.node.Ping(p)
	}
	eventually(t, "all is answered", func() bool {
		return said[key{peers[0], datagram.Ack}] >= 100 && said[key{peers[1], datagram.Ack}] >= 100 &&
			said[key{peers[3], datagram.NFPing}] >= 10 && said[key{peers[2], datagram.Ack}] >= 10
	})
	the.locked(func() { the.up[peers[3]] = false })
	eventually(t, "others are asked about the silent one", func() bool {
		return said[key{peers[0], datagram.PingReq}]+said[key{peers[1], datagram.PingReq}] > 0
	})
	after := counted()
	for _, name := range []string{"smudge_datagrams_dropped", "smudge_datagrams_over_rate"} {
		if n := after[name] - before[name]; n != 0 {
			t.Errorf("%s: %d of Smudge's own", name, n)
		}
	}
	// A status may change while Smudge's datagram about it is under way.
	if n := after["smudge_entries_dropped"] - before["smudge_entries_dropped"]; n > 5 {
		t.Errorf("smudge_entries_dropped: %d of Smudge's own", n)
	}
}

// TestForger: another user of the machine who knows a virtual address, and Smudge's
// clock, gets nothing out that Smudge does not say, and moves no clock.
func TestForger(t *testing.T) {
	const ahead = 1 << 29 // no heartbeat of Smudge's own is so high
	// No answer is late for Smudge, however slow the machine: so no death is its own news.
	the.node.SetMinPing(time.Minute)
	defer the.node.SetMinPing(300 * time.Millisecond)
	victim := netip.MustParseAddrPort("[2001:db8::f0:1]:1")
	other := netip.MustParseAddrPort("[2001:db8::f0:2]:1")
	statuses := func() int { return len(the.statuses[victim]) + len(the.statuses[other]) }
	var changes int
	the.locked(func() { changes, the.up[victim], the.up[other] = statuses(), true, true })
	for _, p := range []netip.AddrPort{victim, other} {
		if err := the.node.Add(p); err != nil {
			t.Fatal(err)
		}
		defer the.node.Remove(p)
	}
	eventually(t, "both are alive", func() bool { return statuses() == changes+2 })
	var v, o netip.AddrPort
	the.node.mu.Lock()
	v, o = the.node.byReal[victim].virtual, the.node.byReal[other].virtual
	the.node.mu.Unlock()
	self := the.node.virtual.Port()

	type key struct {
		to        netip.AddrPort
		verb      datagram.Verb
		heartbeat uint32
	}
	said := map[key]int{}
	var faults []string
	the.locked(func() {
		the.watch = func(to netip.AddrPort, d datagram.Datagram) {
			k := key{to, d.Verb(), d.Heartbeat()}
			// Smudge asks about a member if a ping of its own was late, and then tells the
			// member of the helper's answer: an Ack at 0.
			if d.Verb() == datagram.Ack && d.Heartbeat() == 0 {
				return
			}
			verb := d.Verb() == datagram.Ping || d.Verb() == datagram.PingReq
			if said[k]++; d.Heartbeat() >= ahead || said[k] > 1 || !verb {
				faults = append(faults, fmt.Sprint(k))
			}
			for i := range d.Len() {
				if e := d.Entry(i); !d.IsTarget(i) && e.Status != datagram.Alive || e.Heartbeat >= ahead || e.Source == victim {
					faults = append(faults, fmt.Sprint(k, e))
				}
			}
		}
	})
	defer the.locked(func() { the.watch = nil })

	// What is forged for a heartbeat.
	entry := func(s datagram.Status, h uint32) []datagram.Entry {
		return []datagram.Entry{{Status: s, Addr: o, Heartbeat: h, Source: v}}
	}
	forgeries := map[string]func(h uint32) []byte{
		"ping":           func(h uint32) []byte { return datagram.AppendBare(nil, datagram.Ping, self, h) },
		"ack":            func(h uint32) []byte { return datagram.AppendBare(nil, datagram.Ack, self, h) },
		"ping of helper": func(h uint32) []byte { return datagram.AppendBare(nil, datagram.NFPing, self, h) },
		"from elsewhere": func(h uint32) []byte { return datagram.AppendBare(nil, datagram.Ping, self+1, h) },
		"suspicion": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.Ping, self, h, entry(datagram.Suspected, h))
		},
		"death": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.Ping, self, h, entry(datagram.Dead, h))
		},
		"life": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.Ping, self, h, entry(datagram.Alive, ahead+h))
		},
		"death in an ack": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.Ack, self, h, entry(datagram.Dead, h))
		},
		"request": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.PingReq, self, h, []datagram.Entry{datagram.Target(o, h)})
		},
		"request ahead": func(h uint32) []byte {
			return datagram.Compose(datagram.IPv4, datagram.PingReq, self, h, []datagram.Entry{datagram.Target(o, ahead)})
		},
		"broadcast": func(uint32) []byte {
			return datagram.AppendBroadcast(nil, datagram.IPv4, self, datagram.Broadcast{Origin: v, Index: 1, Payload: []byte("forged")})
		},
		"noise": func(h uint32) []byte { return []byte{byte(h), byte(h >> 8), 3} },
	}
	before := counted()
	handled := func() int {
		now := counted()
		n := uint64(0)
		for _, name := range []string{"smudge_datagrams_dropped", "smudge_datagrams_unaddressed", "smudge_datagrams_superseded"} {
			n += now[name] - before[name]
		}
		return int(n)
	}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := 0
	for range 200 {
		now := atomic.LoadUint32(&currentHeartbeat)
		for name, forge := range forgeries {
			for _, h := range []uint32{now, now + 1, now - 1, ahead + rand.Uint32N(ahead)} {
				if _, err := conn.WriteToUDPAddrPort(forge(h), v); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				// And to an address that nobody has.
				if _, err := conn.WriteToUDPAddrPort(forge(h), netip.AddrPortFrom(v.Addr().Next(), v.Port())); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				sent += 2
			}
		}
		// No faster than they are read, or Smudge's own get lost in the queue. What the kernel has
		// dropped is not waited for.
		for still, last := 0, 0; last < sent && still < 100; still++ {
			time.Sleep(time.Millisecond)
			if n := handled(); n > last {
				last, still = n, 0
			}
		}
	}
	var pings int
	the.locked(func() { pings = the.pinged[victim] })
	eventually(t, "Smudge's own pings pass", func() bool { return the.pinged[victim] > pings+10 })

	the.locked(func() {
		for i, f := range faults {
			if i == 5 {
				t.Errorf("and %d more", len(faults)-i)
				break
			}
			t.Errorf("got out: %s", f)
		}
		if n := statuses() - changes; n != 2 {
			t.Errorf("%d changes of status, want 2", n)
		}
	})
	if now := atomic.LoadUint32(&currentHeartbeat); now >= ahead {
		t.Errorf("Smudge's clock is at %d", now)
	}
	if n := handled(); n < sent*9/10 {
		t.Errorf("%d of %d forged datagrams were counted", n, sent)
	}
}
