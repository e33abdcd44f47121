// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func TestGuard(t *testing.T) {
	const port = 9
	x, y := netip.MustParseAddrPort("127.1.1.1:9"), netip.MustParseAddrPort("127.1.1.2:9")
	bare := func(v datagram.Verb, heartbeat uint32) datagram.Datagram {
		d, _ := datagram.Parse(datagram.AppendBare(nil, v, port, heartbeat), datagram.IPv4)
		return d
	}
	request := func(target netip.AddrPort, heartbeat, entry uint32) datagram.Datagram {
		d, _ := datagram.Parse(datagram.Compose(datagram.IPv4, datagram.PingReq, port, heartbeat,
			[]datagram.Entry{datagram.Target(target, entry)}), datagram.IPv4)
		return d
	}
	ping, pingReq := &pendingAck{packType: packPing}, &pendingAck{packType: packPingReq}
	type step struct {
		d       datagram.Datagram
		pending *pendingAck
		want    verdict
	}
	tests := map[string]struct {
		owed  []claim
		steps []step
	}{
		"a ping once": {steps: []step{
			{bare(datagram.Ping, 5), ping, smudges}, {bare(datagram.Ping, 5), ping, superseded}, {bare(datagram.Ping, 6), ping, smudges},
		}},
		"a ping nobody waits for": {steps: []step{{bare(datagram.Ping, 5), nil, forged}, {bare(datagram.Ping, 5), pingReq, superseded}}},
		"two targets": {steps: []step{
			{request(x, 5, 5), pingReq, smudges}, {request(y, 5, 5), pingReq, smudges}, {request(x, 5, 5), pingReq, superseded},
		}},
		"a target with another heartbeat": {steps: []step{{request(x, 5, 6), pingReq, forged}}},
		"a request nobody waits for":      {steps: []step{{request(x, 5, 5), nil, forged}, {request(x, 5, 5), ping, superseded}}},
		"a ping for another": {owed: []claim{{verb: datagram.NFPing, heartbeat: 5}}, steps: []step{
			{bare(datagram.Ack, 5), nil, forged}, {bare(datagram.NFPing, 5), nil, smudges}, {bare(datagram.NFPing, 5), nil, forged},
		}},
		"a ping for nobody": {steps: []step{{bare(datagram.NFPing, 5), ping, forged}}},
		"two answers to two pings": {owed: []claim{{verb: datagram.Ack, heartbeat: 5}, {verb: datagram.Ack, heartbeat: 5}}, steps: []step{
			{bare(datagram.Ack, 5), nil, smudges}, {bare(datagram.Ack, 5), nil, smudges}, {bare(datagram.Ack, 5), nil, forged},
		}},
		"an answer to nothing": {owed: []claim{{verb: datagram.Ack, heartbeat: 5}}, steps: []step{{bare(datagram.Ack, 6), ping, forged}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGuard()
			for _, c := range test.owed {
				g.owe(c.verb, c.heartbeat)
			}
			for i, s := range test.steps {
				if have := g.judge(s.d, s.pending); have != s.want {
					t.Errorf("step %d: verdict %d, want %d", i, have, s.want)
				}
			}
		})
	}
}

func TestOwedIsBounded(t *testing.T) {
	g := newGuard()
	for h := range uint32(10 * maxOwed) {
		g.owe(datagram.Ack, h)
	}
	if have := len(g.owed); have != maxOwed {
		t.Errorf("%d answers are owed, want %d", have, maxOwed)
	}
}

// TestRateOfAPeer: a peer that floods this node with pings does not have it flood the
// network with answers.
func TestRateOfAPeer(t *testing.T) {
	flooder := netip.MustParseAddrPort("[2001:db8::f1:1]:1")
	if err := the.node.Add(flooder); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(flooder)
	the.forget(flooder)
	before, began := counted(), time.Now()
	for h := range uint32(2000) {
		d, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, 1, h), datagram.IPv6)
		the.node.Deliver(flooder, d, all{})
	}
	eventually(t, "some answers are over the rate", func() bool {
		return counted()["smudge_datagrams_over_rate"] > before["smudge_datagrams_over_rate"]
	})
	the.locked(func() {
		if have, most := the.pinged[flooder], perSecond+int(perSecond*(time.Since(began).Seconds()+1)); have > most {
			t.Errorf("%d answers, want at most %d", have, most)
		}
	})
}

func TestVirtualOf(t *testing.T) {
	for _, test := range []struct{ ip, want string }{
		{"127.1.2.3:9", "127.1.2.3:9"}, {"0.0.0.0:0", "invalid AddrPort"}, // as Smudge reads no reporter
	} {
		a := netip.MustParseAddrPort(test.ip)
		node, err := smudge.CreateNodeByIP(net.IP(a.Addr().AsSlice()).To16(), a.Port())
		if err != nil {
			t.Fatal(err)
		}
		if have := virtualOf(node).String(); have != test.want {
			t.Errorf("%s is %s, want %s", test.ip, have, test.want)
		}
	}
	if virtualOf(nil).IsValid() {
		t.Error("nil has an address")
	}
}
