// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// FuzzInfo: what is read as an info is written as the same bytes, but for extensions.
func FuzzInfo(f *testing.F) {
	f.Add(appendInfo(nil, opening{id: 1, nonce: 2, number: 3, answers: 4, share: "a share"}, Info{Addr: at(1), Cluster: "test", Profile: "profile"}))
	f.Add(make([]byte, infoFixed+3))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, i, ok := parseInfo(b)
		if !ok {
			return
		}
		o.short, o.spares = true, true // those of this node
		if o2, i2, ok := parseInfo(appendInfo(nil, o, i)); !ok || o2 != o || i2 != i {
			t.Errorf("%+v, %+v is read as %+v, %+v, %v", o, i, o2, i2, ok)
		}
		o.share = ""
		written := appendInfo(nil, o, i)
		if !bytes.HasPrefix(b, written[:len(written)-alwaysThere]) {
			t.Errorf("%x is written as %x", b, written)
		}
	})
}

// FuzzReceive: whatever comes from anywhere, nothing breaks, what is kept is bounded,
// and an address without a session is sent no more bytes than came from it. With bit 0 of
// how, the frame carries the connection ID and session of the open one; with bit 1 it comes
// from there; with bit 2 its header is a short one.
func FuzzReceive(f *testing.F) {
	kinds := []frame.Kind{
		0, frame.Hello, frame.Welcome, frame.Refuse, frame.Info, frame.Profile, frame.Ack, frame.Announce, frame.Relay, frame.Relayed,
		frame.Data, frame.Data | frame.Kind(lasting), frame.Data | frame.Kind(bulk), frame.Data | frame.Kind(nothing), frame.AckData,
	}
	for _, k := range kinds {
		b := append(header(k, 7, 8, 9, 1), make([]byte, 60)...)
		for how := range byte(8) {
			f.Add(how, b, b[:frame.HeaderSize+4])
		}
	}
	for _, k := range []frame.Kind{frame.Relay, frame.Relayed} {
		hello := append(header(frame.Hello, 7, 0, 9), "12345678test"...)
		b := frame.AppendRelay(header(k, 7, 8, 9), at(3), hello)
		f.Add(byte(3), b, frame.AppendRelay(header(k, 7, 8, 10), at(3), b))
	}
	f.Fuzz(func(t *testing.T, how byte, a, b []byte) {
		s := newSim(t, 1)
		node, peer := s.pair()
		src := netip.MustParseAddrPort("198.51.100.1:1")
		if how&2 != 0 {
			src = peer.addr
		}
		in, out := 0, 0
		s.tap = func(_, to netip.AddrPort, p []byte) {
			if to == src {
				out += len(p)
			}
		}
		for range 3 {
			for _, raw := range [][]byte{a, b} {
				p := append([]byte{}, raw...)
				if how&4 != 0 && len(p) >= frame.ShortSize {
					copy(p, []byte{0xFF, 0xFF, 2})
					if how&1 != 0 {
						binary.BigEndian.PutUint64(p[4:], node.peers[peer.addr].ids[0])
					}
				} else if len(p) >= frame.HeaderSize {
					copy(p, []byte{0xFF, 0xFF, 1})
					if how&1 != 0 {
						binary.BigEndian.PutUint64(p[sessionAt:], peer.session)
						binary.BigEndian.PutUint64(p[connectionAt:], node.peers[peer.addr].ids[0])
					}
				}
				in += len(p)
				node.Receive(s.now, src, p)
				if node.take(); node.peers[peer.addr] == nil {
					return // the last of its session
				}
			}
		}
		s.run(100 * time.Millisecond)
		if src != peer.addr && out > in {
			t.Errorf("%d bytes out for %d in", out, in)
		}
		flights, acks := 0, 0
		for _, p := range node.peers {
			flights += p.link.InFlight()
			acks += len(p.link.TakeAcks(1000))
		}
		if len(node.peers) > 2 || len(node.nonces) > 10 || flights > 20 || acks > frame.MaxAcks || len(node.Core.events) > 0 {
			t.Errorf("%d peers, %d greetings, %d flights, %d acks", len(node.peers), len(node.nonces), flights, acks)
		}
	})
}

// FuzzSealed: a packet that cannot be decrypted has no effect and is not
// answered. The input is what comes, or, with how, what is done to a frame that passed:
// each two bytes of it are a place and the bits that are turned over there.
func FuzzSealed(f *testing.F) {
	f.Add(uint8(0), []byte{0, 0, 0})
	f.Add(uint8(0), append(header(frame.Hello|sealed, 7, 8, 9), make([]byte, 60)...))
	for how := range uint8(12) {
		f.Add(how, []byte{kindAt, sealed})
		f.Add(how, []byte{counterAt + 7, 1, frame.HeaderSize, 0xFF})
	}
	f.Fuzz(func(t *testing.T, how uint8, b []byte) {
		s := newSim(t, 1)
		s.keys = []Key{{1}, {2}}
		var seen []packet
		s.tap = func(from, to netip.AddrPort, p []byte) { seen = append(seen, packet{from: from, to: to, b: p}) }
		node, peer := s.pair()
		peer.say(node.addr, true)
		s.run(100 * time.Millisecond)
		s.tap = nil
		src, p := peer.addr, bytes.Clone(b)
		if how > 0 {
			old := seen[int(how)%len(seen)]
			src, p = old.from, bytes.Clone(old.b)
			for ; len(b) >= 2; b = b[2:] {
				p[int(b[0])%len(p)] ^= b[1]
			}
			if bytes.Equal(p, old.b) {
				return // which is a replay, see TestWithoutAKey
			}
		}
		out := 0
		s.tap = func(_, _ netip.AddrPort, _ []byte) { out++ }
		dropped := func() uint64 { // a short header may name a session that is not open
			n := counted(node)
			return n["dropped_unsealed"] + n["dropped_unknown_session"] + n["dropped_unknown_connection"] + n["dropped_early"]
		}
		before, drops := mark(node), dropped()
		node.Receive(s.now, src, p)
		for _, e := range node.AppendEvents(nil) {
			if e.Kind != Unsealed || e.Addr != src {
				t.Errorf("%x makes an event %v", p, e)
			}
		}
		if mark(node) != before || out != 0 || dropped() != drops+1 {
			t.Errorf("%x: %v became %v, and %d packets were sent", p, before, mark(node), out)
		}
	})
}
