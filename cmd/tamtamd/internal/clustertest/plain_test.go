// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// plain is a running plain Smudge program.
type plain struct {
	*Process
	in   io.Writer
	addr string
}

// freePort returns a UDP port that nobody has at the moment.
func freePort(t testing.TB, ip string) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
}

func startPlain(t *testing.T, ip string, env []string, peer ...string) *plain {
	t.Helper()
	port := freePort(t, ip)
	p, in := start(t, bin, "plainnode", append([]string{ip, fmt.Sprint(port)}, peer...), env, false)
	Eventually(t, "plainnode is ready", func() bool { return strings.Contains(p.out.String(), "ready\n") })
	return &plain{p, in, netip.AddrPortFrom(netip.MustParseAddr(ip), port).String()}
}

// sees reports whether the plain node has last heard that a node has the status.
func (p *plain) sees(addr, status string) bool {
	last := ""
	for line := range strings.Lines(p.out.String()) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "status" && f[1] == addr {
			last = f[2]
		}
	}
	return last == status
}

func (p *plain) broadcast(t *testing.T, message string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, message); err != nil {
		t.Fatal(err)
	}
}

// TestPlainNodesAreFullMembers: plain Smudge programs join a cluster of TamTam's,
// and the other way round; all see all, and broadcasts go both ways.
func TestPlainNodesAreFullMembers(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			requireIP(t, ip)
			all := Cluster(t, bin, 2, "--plain", "--bind", ip)
			joins := startPlain(t, ip, nil, all[0].Gossip.String())
			joined := startPlain(t, ip, nil)
			if r := all[1].Ctl("join", joined.addr); r.Code != 0 {
				t.Fatalf("join: %+v", r)
			}
			everybody := []string{all[0].Gossip.String(), all[1].Gossip.String(), joins.addr, joined.addr}
			for _, d := range all {
				Eventually(t, d.Gossip.String()+" sees everybody", func() bool {
					s := d.Statuses()
					for _, a := range everybody {
						if s[a] != "ALIVE" {
							return false
						}
					}
					return len(s) == len(everybody)
				})
			}
			for _, p := range []*plain{joins, joined} {
				for _, a := range everybody {
					Eventually(t, p.addr+" sees "+a, func() bool { return p.sees(a, "ALIVE") })
				}
			}

			if ip == "127.0.0.1" { // Smudge takes ::1 for no origin and drops the message
				s := StartStream(t, all[1], "stream")
				// Smudge's own broadcast may miss one; a few of them do not.
				Eventually(t, "a plain node's broadcast arrives", func() bool {
					joins.broadcast(t, "from plain")
					return strings.HasPrefix(s.out.String(), "from plain\n")
				})
				Eventually(t, "the plain nodes get a broadcast", func() bool {
					if r := all[0].Ctl("broadcast", "to plain"); r.Code != 0 {
						t.Fatalf("broadcast: %+v", r)
					}
					line := "broadcast " + all[0].Gossip.String() + " to plain\n"
					return strings.Contains(joins.out.String(), line) && strings.Contains(joined.out.String(), line)
				})
			}

			joins.Kill()
			for _, d := range all {
				Eventually(t, "the death of a plain node is noticed", func() bool { return d.Statuses()[joins.addr] == "DEAD" })
			}
			gone := all[1].Gossip.String()
			all[1].Kill()
			Eventually(t, "a plain node notices a death", func() bool { return joined.sees(gone, "DEAD") })
		})
	}
}

// requireIP skips the test where the machine does not have the address.
func requireIP(t *testing.T, ip string) {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Skipf("this machine has no %s: %v", ip, err)
	}
	_ = c.Close()
}

func TestIPv6(t *testing.T) {
	requireIP(t, "::1")
	all := Cluster(t, bin, 3, "--bind", "::1", "--rpc", "localhost:0")
	s := StartStream(t, all[2], "stream")
	if r := all[0].Ctl("broadcast", "hello"); r.Code != 0 {
		t.Fatalf("broadcast: %+v", r)
	}
	s.Wants(t, "hello\n")
	if r := all[0].Ctl("ping", all[1].Gossip.String()); r.Code != 0 {
		t.Errorf("ping: %+v", r)
	}
	if r := all[0].Ctl("join", "127.0.0.1:1"); r.Code != 5 || !strings.Contains(r.Err, "127.0.0.1:1") {
		t.Errorf("join over to IPv4: %+v", r)
	}
}

// TestMulticastDiscovery: nodes of one name find each other, plain ones too, and
// those of another name do not.
func TestMulticastDiscovery(t *testing.T) {
	const group = "239.255.62.62"
	port := freePort(t, "127.0.0.1")
	if !multicastWorks(t, group) {
		t.Skip("multicast does not come back on this machine's loopback interface")
	}
	args := []string{"--plain", "--multicast", "--multicast-address", group, "--multicast-port", fmt.Sprint(port), "--multicast-interval", "1s"}
	a := StartDaemon(t, bin, nil, args...)
	b := StartDaemon(t, bin, nil, args...)
	other := StartDaemon(t, bin, nil, append(args, "--clustername", "other")...)
	for _, d := range []*Daemon{a, b} {
		Eventually(t, "they find each other", func() bool { return d.Sees(a, b) })
	}
	Eventually(t, "the other cluster hears them", func() bool { return other.Counters()["multicast_foreign_cluster"] > 0 })
	if !other.Lists(other) {
		t.Errorf("the other cluster has %v", other.Statuses())
	}

	p := startPlain(t, "127.0.0.1", []string{"PLAINNODE_MULTICAST=" + group, fmt.Sprint("PLAINNODE_MULTICAST_PORT=", port)})
	Eventually(t, "the plain node finds them", func() bool {
		return p.sees(a.Gossip.String(), "ALIVE") && p.sees(b.Gossip.String(), "ALIVE")
	})
	Eventually(t, "they find the plain node", func() bool { return a.Statuses()[p.addr] == "ALIVE" && b.Statuses()[p.addr] == "ALIVE" })
}

// multicastWorks reports whether packets to the group on loopback are received
// there.
func multicastWorks(t *testing.T, group string) bool {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return false
	}
	c, err := net.ListenMulticastUDP("udp4", lo, &net.UDPAddr{IP: net.ParseIP(group)})
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
