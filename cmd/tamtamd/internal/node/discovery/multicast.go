// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package discovery finds nodes of the same cluster on the local network by
// multicast, in Smudge's format, so that plain Smudge nodes find us and are found.
// What it finds is hearsay: the nodes it reports have yet to answer.
package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// DefaultGroup returns the multicast address that Smudge uses in the family.
func DefaultGroup(f datagram.Family) netip.Addr {
	if f == datagram.IPv4 {
		return netip.AddrFrom4([4]byte{224, 0, 0, 0})
	}
	return netip.MustParseAddr("ff02::1")
}

// Config says what to announce and where. All fields are required but Interval.
type Config struct {
	Local    netip.AddrPort // the gossip address; announced, and its interface used
	Cluster  string         // 1 to datagram.MaxClusterName bytes
	Group    netip.AddrPort
	Interval time.Duration // between two announcements; 0 for one at the start
	// Found is told each address that announces the same cluster.
	Found func(netip.AddrPort)
	// Seal makes of an announcement what is sent, and Open an announcement of what has
	// come; false when it is of no node that may be met.
	Seal   func([]byte) []byte
	Open   func([]byte) ([]byte, bool)
	Logger log.Logger
}

// sealing is more than Config.Seal adds, in bytes.
const sealing = 64

// Multicast announces this node and listens for others.
type Multicast struct {
	cfg      Config
	family   datagram.Family
	group    *net.UDPAddr
	listener *net.UDPConn
	sender   *net.UDPConn

	counts *counter.Set
}

// Listen joins the group on the interface that has the local address.
func Listen(cfg Config) (*Multicast, error) {
	ifi, err := interfaceOf(cfg.Local.Addr())
	if err != nil {
		return nil, err
	}
	m := &Multicast{cfg: cfg, family: datagram.FamilyOf(cfg.Local.Addr()), group: net.UDPAddrFromAddrPort(cfg.Group), counts: counters.NewSet()}
	network := "udp4"
	if m.family == datagram.IPv6 {
		network = "udp6"
		m.group.Zone = ifi.Name // link-local groups need it
	}
	m.listener, err = net.ListenMulticastUDP(network, ifi, m.group)
	if err != nil {
		return nil, fmt.Errorf("listen for multicast on %s at %s: %w", cfg.Group, ifi.Name, err)
	}
	// Bound to the gossip address, so that the source of an announcement and
	// the port in it name this node.
	m.sender, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(cfg.Local.Addr(), 0)))
	if err == nil {
		err = sendOn(m.sender, ifi, m.family)
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("send multicast at %s: %w", ifi.Name, err)
	}
	return m, nil
}

// sendOn makes multicast leave by the interface, and come back to other nodes on
// this machine.
func sendOn(conn *net.UDPConn, ifi *net.Interface, f datagram.Family) error {
	if f == datagram.IPv4 {
		p := ipv4.NewPacketConn(conn)
		return errors.Join(p.SetMulticastInterface(ifi), p.SetMulticastLoopback(true))
	}
	p := ipv6.NewPacketConn(conn)
	return errors.Join(p.SetMulticastInterface(ifi), p.SetMulticastLoopback(true))
}

func interfaceOf(ip netip.Addr) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	for _, ifi := range all {
		addrs, err := ifi.Addrs()
		if err != nil {
			continue // gone since
		}
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			// 127.0.0.2 is an address of the loopback interface too,
			// though it does not list it.
			if err == nil && (p.Addr().Unmap() == ip || ip.IsLoopback() && p.Contains(ip)) {
				return &ifi, nil
			}
		}
	}
	return nil, fmt.Errorf("no network interface has the address %s", ip)
}

// Run announces and listens until ctx is done.
func (m *Multicast) Run(ctx context.Context) {
	go m.announce(ctx)
	stop := context.AfterFunc(ctx, m.Close)
	defer stop()
	m.listen()
}

// announce goes on after an error: a network that is not up yet comes up.
func (m *Multicast) announce(ctx context.Context) {
	warned := false
	for ctx.Err() == nil {
		b := m.cfg.Seal(datagram.AppendAnnouncement(nil, m.cfg.Cluster, m.cfg.Local.Port(), 0))
		if _, err := m.sender.WriteToUDP(b, m.group); err == nil {
			m.counts.Inc(sent)
			warned = false
		} else if !warned && ctx.Err() == nil {
			_ = level.Warn(m.cfg.Logger).Log("msg", "multicast not sent, retrying", "err", err)
			warned = true
		}
		if m.cfg.Interval == 0 {
			return
		}
		select {
		case <-time.After(m.cfg.Interval):
		case <-ctx.Done():
		}
	}
}

func (m *Multicast) listen() {
	buf := make([]byte, datagram.MaxSize+sealing+1)
	for {
		size, src, err := m.listener.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // as wire.Socket.Run does
			continue
		}
		m.counts.Inc(received)
		if b, ok := m.cfg.Open(buf[:size]); ok {
			m.announced(src.Addr().Unmap().WithZone(""), b)
		} else {
			m.counts.Inc(dropped)
		}
	}
}

func (m *Multicast) announced(src netip.Addr, b []byte) {
	cluster, d, fault := datagram.ParseAnnouncement(b, m.family)
	if fault != "" || d.Verb() != datagram.Ping {
		m.counts.Inc(dropped)
		return
	}
	if cluster != m.cfg.Cluster {
		m.counts.Inc(foreign)
		return
	}
	from := netip.AddrPortFrom(src, d.Port())
	if !datagram.IsNodeAddr(from, m.family) {
		m.counts.Inc(dropped)
		return
	}
	if from != m.cfg.Local {
		m.cfg.Found(from)
	}
}

// Close ends Run. It may be called more than once.
func (m *Multicast) Close() {
	_ = m.listener.Close()
	if m.sender != nil {
		_ = m.sender.Close()
	}
}

// Counters adds what was counted to all.
func (m *Multicast) Counters(all map[string]uint64) { m.counts.Counters(all) }

// counters are what this package counts.
var counters counter.Table

var (
	received = counters.New("multicast_received", "Multicast packets received.")
	sent     = counters.New("multicast_sent", "Announcements sent by multicast.")
	dropped  = counters.New("multicast_dropped", "Multicast packets that were dropped: they are no announcements, or cannot be decrypted.")
	foreign  = counters.New("multicast_foreign_cluster", "Announcements of other clusters.")
)
