// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func TestLivesAndDeaths(t *testing.T) {
	a := netip.MustParseAddrPort("[2001:db8::2]:1")
	b := netip.MustParseAddrPort("[2001:db8::3]:1")
	the.forget(a, b)
	the.locked(func() { the.up[a], the.up[b], the.up[dull] = true, true, true })
	for _, p := range []netip.AddrPort{a, b, a, dull} {
		if err := the.node.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both are pinged and alive", func() bool {
		return the.pinged[a] > 20 && the.pinged[b] > 20 && last(the.statuses[a]) == datagram.Alive
	})
	if s := the.node.States()[a]; s.PingMillis < 0 || s.PingMillis > 1000 {
		t.Errorf("the round trip to %s is %d ms", a, s.PingMillis)
	}

	the.locked(func() { the.up[b] = false })
	eventually(t, "the silent one is dead", func() bool { return last(the.statuses[b]) == datagram.Dead })
	the.locked(func() {
		if the.by[b] != local {
			t.Errorf("%v found out, not this node", the.by[b])
		}
	})

	// Added again, it begins without the death of before.
	the.locked(func() { the.up[b] = true })
	the.node.Remove(b)
	if err := the.node.Add(b); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is alive again", func() bool { return last(the.statuses[b]) == datagram.Alive })

	the.node.Remove(a)
	var n int
	the.locked(func() { n = the.pinged[b] })
	eventually(t, "the other is pinged on", func() bool { return the.pinged[b] > n+20 })
	if _, ok := the.node.States()[a]; ok {
		t.Errorf("%s has a state after it was removed", a)
	}
	the.locked(func() {
		if len(the.sent) > 0 {
			t.Errorf("sent what Outgoing dropped: %v", the.sent[0])
		}
	})
	the.node.Remove(b)
	the.node.Remove(dull)
}

// TestMinPingActsAtOnce: a peer that does not answer is detected after the time that
// was set, from the start on.
func TestMinPingActsAtOnce(t *testing.T) {
	defer the.node.SetMinPing(300 * time.Millisecond)
	for _, d := range []time.Duration{600 * time.Millisecond, 100 * time.Millisecond} {
		the.node.SetMinPing(d)
		silent := netip.AddrPortFrom(netip.MustParseAddr("2001:db8::8"), uint16(d/time.Millisecond))
		the.forget(silent)
		began := time.Now()
		if err := the.node.Add(silent); err != nil {
			t.Fatal(err)
		}
		// It is the only peer, so one unanswered ping is its death.
		eventually(t, "it is dead", func() bool { return last(the.statuses[silent]) == datagram.Dead })
		if took := time.Since(began); took < d {
			t.Errorf("dead after %v, before %v had passed", took, d)
		}
		the.node.Remove(silent)
	}
	if n := len(smudge.AllNodes()); n != 1 {
		t.Errorf("Smudge knows %d nodes, want only itself", n)
	}
}

// TestLinkname feeds a golden datagram through the link name and expects its effect:
// the compiler cannot check the signature.
func TestLinkname(t *testing.T) {
	d := netip.MustParseAddrPort("[2001:db8::5]:1")
	if err := the.node.Add(d); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(d)
	the.forget(d)
	the.answers <- answer{d, datagram.AppendBare(nil, datagram.Ping, d.Port(), 0)}
	eventually(t, "the ping is answered", func() bool { return the.pinged[d] > 0 })
	if the.node.counts.Get(panics) != 0 {
		t.Errorf("Smudge panicked %d times", the.node.counts.Get(panics))
	}
}

func TestDeliverFromStranger(t *testing.T) {
	p, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, 9, 1), datagram.IPv6)
	if the.node.Deliver(netip.MustParseAddrPort("[2001:db8::99]:9"), p, all{}) {
		t.Error("a stranger's datagram was delivered")
	}
}

// TestPortIsHeld: Smudge must not have got the port that it wants to listen at.
func TestPortIsHeld(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(the.node.virtual.Port())})
	if err == nil {
		_ = conn.Close()
		t.Fatal("no socket holds Smudge's port")
	}
	// Were it Smudge's, this would crash the process.
	c, err := net.Dial("udp", the.node.virtual.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		_, _ = c.Write([]byte{1})
	}
	e := netip.MustParseAddrPort("[2001:db8::6]:1")
	the.forget(e)
	the.locked(func() { the.up[e] = true })
	if err := the.node.Add(e); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(e)
	eventually(t, "pinging goes on", func() bool { return the.pinged[e] > 5 })
}

// TestSendHoldsNoLock: while a datagram is being sent, others are rewritten and sent, as by a goroutine
// that drains the sockets.
func TestSendHoldsNoLock(t *testing.T) {
	slow, other := netip.MustParseAddrPort("[2001:db8::510]:1"), netip.MustParseAddrPort("[2001:db8::511]:1")
	the.forget(slow, other)
	var once atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	hold := func(to netip.AddrPort) {
		if to == slow && once.CompareAndSwap(false, true) {
			close(held)
			<-release
		}
	}
	the.hold.Store(&hold)
	defer the.hold.Store(nil)
	for _, a := range []netip.AddrPort{slow, other} {
		if err := the.node.Add(a); err != nil {
			t.Fatal(err)
		}
		defer the.node.Remove(a)
	}
	<-held
	var sent int
	the.locked(func() { sent = the.pinged[other] })
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		for more := true; more; {
			the.node.Drain()
			the.locked(func() { more = the.pinged[other] == sent })
			time.Sleep(time.Millisecond)
		}
	}()
	select {
	case <-passed:
		close(release)
	case <-time.After(30 * time.Second):
		close(release)
		t.Error("a datagram that is being sent holds up all others")
		<-passed
	}
}

func TestStartTwice(t *testing.T) {
	n, err := New(Config{Local: local})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Start(t.Context(), the); err == nil {
		t.Error("two nodes in one process")
	}
}

func TestVersionIsPinned(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}{{.Replace}}", "github.com/clockworksoul/smudge").Output()
	if err != nil {
		t.Fatal(err)
	}
	if have, want := strings.TrimSpace(string(out)), Version+"<nil>"; have != want {
		t.Errorf("built with smudge %s, want %s: the link name may not fit", have, want)
	}
}

func BenchmarkDeliver(b *testing.B) {
	p := netip.MustParseAddrPort("[2001:db8::7]:1")
	if err := the.node.Add(p); err != nil {
		b.Fatal(err)
	}
	defer the.node.Remove(p)
	raw := datagram.AppendBare(nil, datagram.Ack, p.Port(), 0)
	b.ReportAllocs()
	for b.Loop() {
		d, _ := datagram.Parse(raw, datagram.IPv6)
		the.node.Deliver(p, d, all{})
	}
}
