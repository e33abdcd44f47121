// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestKeysOfSessionsAreRenewed: a daemon renews the key of a session each time that the other end
// asks for it, while frames pass, and none is lost. The other end is a node in this process that
// renews after some milliseconds instead of an hour.
func TestKeysOfSessionsAreRenewed(t *testing.T) {
	name, key := NewKey(t)
	d := StartDaemon(t, bin, nil, "--keyring-file", Keyring(t, name))
	s := newRawSocket(t)
	core := wire.NewCore(wire.CoreConfig{
		Info:   wire.Info{Addr: s.addr, Cluster: "smudge", Profile: membership.Profile{MaxPayload: 256, Name: "renewer", Version: "devel"}.Encode()},
		Timing: wire.LAN, Channels: membership.Channels, Keys: []wire.Key{key}, RenewEvery: 50 * time.Millisecond,
		Random: func() uint64 { return rand.Uint64() >> 16 }, // the lower session offers
		Output: func(to netip.AddrPort, b []byte) { _, _ = s.conn.WriteToUDPAddrPort(b, to) },
	}, time.Now())
	var sent, acked uint64
	counters := map[string]uint64{}
	b := make([]byte, 4096)
	end := time.Now().Add(Timeout)
	for greeted := (time.Time{}); acked < 300 || counters["pairs_renewed"] < 10; {
		now := time.Now()
		if now.After(end) {
			t.Fatalf("%d frames of %d are acknowledged, renewed %d times: %v", acked, sent, counters["pairs_renewed"], counters)
		}
		if !core.Has(d.Gossip) && now.Sub(greeted) > 100*time.Millisecond {
			greeted = now
			core.Greet(now, d.Gossip)
		}
		if sent < acked+20 && core.Send(now, d.Gossip, membership.MembersChannel, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0}, sent+1) {
			sent++
		}
		_ = s.conn.SetReadDeadline(now.Add(2 * time.Millisecond))
		n, from, err := s.conn.ReadFromUDPAddrPort(b)
		if err != nil && !isTimeout(err) {
			t.Fatal(err)
		}
		if err == nil {
			core.Receive(time.Now(), from, b[:n])
		}
		core.Tick(time.Now())
		for _, e := range core.AppendEvents(nil) {
			if e.Kind == wire.Acked {
				acked++
			}
		}
		clear(counters)
		core.Counters(counters)
	}
	have := d.Counters()
	if have["pairs_renewed"]+1 < counters["pairs_renewed"] {
		t.Errorf("the daemon has renewed %d times, the node %d times", have["pairs_renewed"], counters["pairs_renewed"])
	}
	if n := counters["dropped_unsealed"] + have["dropped_unsealed"] + counters["frames_expired"]; n != 0 {
		t.Errorf("%d frames were not decrypted or given up: %v, %v", n, counters, have)
	}
	if counters["frames_taken_clear"]+counters["sessions_reopened"]+have["sessions_reopened"] != 0 || have["sessions_paired"] != 1 {
		t.Errorf("the session was opened again: %v, %v", counters, have)
	}
}
