// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	. "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/clustertest"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// newOpenTarget starts an open cluster of three, whose first is attacked.
func newOpenTarget(t *testing.T, args ...string) (a *target, third *Daemon) {
	t.Helper()
	all := Cluster(t, bin, 3, args...)
	return &target{Daemon: all[0], t: t, port: all[0].RPC, another: all[1], began: time.Now()}, all[2]
}

// phantom opens a session with a node from a new port of an IP address, and is not there any more
// afterwards. It reports whether the node has it.
func phantom(victim netip.AddrPort, ip netip.Addr) bool {
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)), net.UDPAddrFromAddrPort(victim))
	if err != nil {
		return false
	}
	defer conn.Close()
	core := wire.NewCore(wire.CoreConfig{
		Info: wire.Info{
			Addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), Cluster: "smudge",
			Profile: membership.Profile{MaxPayload: 256, Name: "phantom", Version: "devel"}.Encode(),
		},
		Timing: wire.Local, Channels: membership.Channels, Random: rand.Uint64,
		Output: func(_ netip.AddrPort, b []byte) { _, _ = conn.Write(b) },
	}, time.Now())
	core.Greet(time.Now(), victim)
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for b := make([]byte, 4096); !core.Has(victim); {
		n, err := conn.Read(b)
		if err != nil {
			return false
		}
		core.Receive(time.Now(), victim, append([]byte(nil), b[:n]...))
	}
	return true
}

// members returns how many members a node lists, and how many of them are alive.
func (a *target) members() (all, alive int) {
	for _, s := range a.Statuses() {
		all++
		if s == "ALIVE" {
			alive++
		}
	}
	return all, alive
}

// sample calls f again and again until ctx is done.
func sample(ctx context.Context, f func()) {
	for ctx.Err() == nil {
		f()
		time.Sleep(100 * time.Millisecond)
	}
}

// TestPhantoms: nodes that open a session and are gone, from one and from many addresses, without
// end. Meanwhile, a node of ours joins. They fill no more than their share, and go when the
// attacker does.
func TestPhantoms(t *testing.T) {
	const workers = 4
	var attacking sync.Mutex // held by one attack at a time; what follows it is mostly waiting
	for _, c := range []struct {
		name  string
		most  uint64 // members, that of the attacker and ours
		share uint64 // of them that get in before we go on
		at    func(i int) netip.Addr
	}{
		{"one address", 256 + 4, 256, func(int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 9}) }},
		{"one network", 1024 + 4, 1000, func(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(9 + i%17)}) }},
		{"17 networks", 4096 + 1, 3900, func(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, byte(1 + i%17), 9}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			attacking.Lock()
			next := sync.OnceFunc(attacking.Unlock)
			defer next()
			a, _ := newOpenTarget(t)
			before, most, highest, pulse := a.residentMiB(), 0, uint64(0), StartPulse(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var attackers, observers sync.WaitGroup
			var mu sync.Mutex
			tries, in := 0, 0
			for w := range workers {
				attackers.Go(func() {
					for i := w; ctx.Err() == nil; i += workers {
						ok := phantom(a.Gossip, c.at(i))
						mu.Lock()
						tries++
						if ok {
							in++
						}
						mu.Unlock()
					}
				})
			}
			var calls []time.Duration
			observers.Go(func() { calls = a.operator(ctx, "tcp", a.port) })
			observers.Go(func() {
				sample(ctx, func() { most, highest = max(most, a.residentMiB()), max(highest, a.Counters()["members"]) })
			})
			Eventually(t, "the attacker has its share", func() bool { return a.Counters()["members"] >= c.share })
			began := time.Now()
			ours := StartDaemon(t, bin, nil, "--join", a.Gossip.String())
			Eventually(t, "ours is a member all the same", func() bool { return a.Status(ours) == "ALIVE" && ours.Status(a.Daemon) == "ALIVE" })
			took := time.Since(began)
			tried := func() int {
				mu.Lock()
				defer mu.Unlock()
				return tries
			}
			then := tried()
			Meanwhile(t, "ours is a member, as the attack goes on", func() bool { return a.Has(ours) },
				func() bool { return tried() >= then+1000 })
			cancel()
			attackers.Wait()
			observers.Wait()
			next()

			ended, after := time.Now(), a.residentMiB()
			_, alive := a.members()
			var half, gone time.Duration
			for gone == 0 && time.Since(ended) < 4*time.Minute {
				switch _, n := a.members(); {
				case n <= 4:
					gone = time.Since(ended)
				case n <= alive/2 && half == 0:
					half = time.Since(ended)
				}
				time.Sleep(500 * time.Millisecond)
			}
			rest := a.residentMiB()
			suspected, dead := a.changes(a.another)
			n := a.Counters()
			t.Logf("%d tries, %d got a session, %d members at most, %d alive at the end; ours was in after %v; operator %s; memory %d MiB before, %d at most, %d after, %d when they were gone; half of them gone after %v, all after %v; displaced %d, refused %d, given up %d; seen SUSPECTED %d, DEAD %d times; the machine stood still for %v at most",
				tries, in, highest, alive, took.Round(time.Millisecond), spread(calls), before, most, after, rest, half.Round(time.Second), gone.Round(time.Second),
				n["evicted_members"], n["refused_members"]+n["refused_sessions"], n["strangers_given_up"], suspected, dead, pulse.Longest())
			switch {
			case highest > c.most:
				t.Errorf("%d members at most, want %d", highest, c.most)
			case gone == 0:
				t.Error("they are still alive")
			}
			pulse.NotDead(t, dead)
			Eventually(t, "ours is still a member", func() bool { return a.Status(ours) == "ALIVE" })
		})
	}
}

// blind sends datagrams with the source addresses of others, and sees no answer.
type blind struct {
	victim netip.AddrPort
	sent   int
}

// as sends from an IP address.
func (b *blind) as(ip netip.Addr, packets ...[]byte) error {
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)), net.UDPAddrFromAddrPort(b.victim))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, p := range packets {
		if _, err := conn.Write(p); err != nil {
			return err
		}
		b.sent++
	}
	return nil
}

// member tries to make a member of an address: a ping, and all answers that the answer to it can
// ask for, while the cluster's clock is low.
func (b *blind) member(a netip.AddrPort) error {
	all := [][]byte{datagram.AppendBare(nil, datagram.Ping, a.Port(), 1)}
	for h := range uint32(200) {
		all = append(all, datagram.AppendBare(nil, datagram.Ack, a.Port(), h+1))
	}
	return b.as(a.Addr(), all...)
}

// TestBlindPlainMembers: with forged source addresses alone, plain Smudge members can be made, and
// be spoken for, of nodes that were started with --plain; of others, nothing of that.
func TestBlindPlainMembers(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want bool // that it works
	}{{"without --plain", nil, false}, {"with --plain", []string{"--plain"}, true}} {
		t.Run(c.name, func(t *testing.T) {
			a, _ := newOpenTarget(t, c.args...)
			before := a.residentMiB()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var calls []time.Duration
			var observers sync.WaitGroup
			observers.Go(func() { calls = a.operator(ctx, "tcp", a.port) })

			b := &blind{victim: a.Gossip}
			const forged = 200
			at := func(i int) netip.AddrPort {
				return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 9, byte(i + 1)}), 9999)
			}
			most := 0
			for i := range forged {
				if err := b.member(at(i)); err != nil {
					t.Fatal(err)
				}
				received := a.Counters()["datagrams_received"] // so that it keeps up
				_, alive := a.members()
				most = max(most, alive-3)
				if i == 0 && received == 0 {
					t.Fatal("nothing arrives")
				}
				// Speak for it at once, since it is found dead soon: it has a broadcast to tell.
				if err := b.as(at(i).Addr(), datagram.AppendBroadcast(nil, datagram.IPv4, at(i).Port(),
					datagram.Broadcast{Origin: at(i), Index: 7, Payload: []byte(fmt.Sprint("forged ", i))})); err != nil {
					t.Fatal(err)
				}
			}
			Eventually(t, "all has come in", func() bool {
				n := a.Counters()
				return n["datagrams_received"] >= uint64(b.sent)*9/10
			})
			cancel()
			observers.Wait()
			n := a.Counters()
			suspected, dead := a.changes(a.another)
			t.Logf("%d packets in the name of %d addresses: %d members, %d forged messages taken, %d dropped as plain; operator %s; memory %d MiB before, %d after; seen SUSPECTED %d, DEAD %d times",
				b.sent, forged, most, n["broadcasts_plain_received"], n["dropped_plain"], spread(calls), before, a.residentMiB(), suspected, dead)
			if c.want != (most > 0) || c.want != (n["broadcasts_plain_received"] > 0) {
				t.Errorf("%d members, counted %v", most, n)
			}
			if !c.want && n["dropped_plain"] < uint64(b.sent)*9/10 {
				t.Errorf("%d of %d are counted as plain", n["dropped_plain"], b.sent)
			}
		})
	}
}
