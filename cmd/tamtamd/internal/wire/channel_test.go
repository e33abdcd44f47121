// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
)

// TestChannels: what is sent on a channel arrives on it, once, at 30 % loss, too, and its
// sender learns of it.
func TestChannels(t *testing.T) {
	s := newSim(t, 1)
	s.loss, s.duplication = 0.3, 0.1
	s.node(at(1))
	s.node(at(2))
	mesh(s)
	a, b := s.nodes[at(1)], s.nodes[at(2)]
	for _, ch := range []Channel{prompt, bulk} {
		token := uint64(ch) + 7
		if !a.Send(s.now, b.addr, ch, []byte("what"), token) {
			t.Fatal("it was not sent")
		}
		s.run(time.Second)
		if e := b.on(ch, a.addr); len(e) != 1 || string(e[0].Data) != "what" || e[0].Session != a.session {
			t.Errorf("channel %d: received %v", ch, e)
		}
		if e := a.saw(Acked, b.addr); len(e) != 1 || e[0].Token != token || e[0].Channel != ch || e[0].Session != b.session {
			t.Errorf("channel %d: acknowledged %v", ch, e)
		}
		a.events = nil
	}
	s.hold()
}

// TestRefusedToSend: what Send does not take is not sent.
func TestRefusedToSend(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	sent := 0
	s.tap = func(netip.AddrPort, netip.AddrPort, []byte) { sent++ }
	for _, c := range []struct {
		name string
		to   netip.AddrPort
		ch   Channel
		size int
		want bool
	}{
		{"nobody", at(9), plain, 1, false},
		{"too long", b.addr, plain, MaxData + 1, false},
		{"as long as can be", b.addr, plain, MaxData, true},
		{"nothing", b.addr, bulk, 0, true},
		{"bulk to nobody", at(9), bulk, 1, false},
	} {
		before := sent
		if ok := a.Send(s.now, c.to, c.ch, make([]byte, c.size), 0); ok != c.want || (sent > before) != c.want {
			t.Errorf("%s: %v, %d packets", c.name, ok, sent-before)
		}
		if ok := a.SendWithAck(s.now, c.to, c.ch, make([]byte, c.size)); ok != c.want {
			t.Errorf("%s, with an acknowledgement: %v", c.name, ok)
		}
	}
	if counted(a)["messages_refused"] != 2 {
		t.Errorf("counted %v", counted(a))
	}
	// Bulk leaves the rest some of what can be under way.
	delete(s.nodes, b.addr)
	for range arq.MaxInFlight {
		a.Send(s.now, b.addr, bulk, nil, 0)
	}
	if n := a.peers[b.addr].link.Bulk(); n != maxBulk || !a.Send(s.now, b.addr, plain, nil, 0) {
		t.Errorf("%d frames are under way", n)
	}
}

// TestDatagramsPushNoMessageOut: a flood of frames that are not bulk, as of Smudge's datagrams,
// to a node or to all, neither keeps bulk from being sent nor has it given up. Nor does bulk that
// was there first keep others out.
func TestDatagramsPushNoMessageOut(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	delete(s.nodes, b.addr) // nothing is acknowledged
	flood := func() {
		for range 3 * arq.MaxInFlight {
			if !a.Send(s.now, b.addr, plain, nil, 0) {
				t.Fatal("a datagram is refused")
			}
		}
	}
	flood()
	for i := range maxBulk {
		if !a.Send(s.now, b.addr, bulk, nil, 0) {
			t.Fatalf("message %d is refused", i)
		}
	}
	if a.Send(s.now, b.addr, bulk, nil, 0) {
		t.Error("a message past its share is sent")
	}
	flood()
	l := a.peers[b.addr].link
	if l.Bulk() != maxBulk || l.InFlight() != arq.MaxInFlight || a.shared.Bulk() != maxBulk {
		t.Errorf("%d of %d frames in flight are messages, %d are counted; want %d of %d", l.Bulk(), l.InFlight(), a.shared.Bulk(), maxBulk, arq.MaxInFlight)
	}
	s.run(a.cfg.Timing.Lifetime + time.Second)
	if l.Bulk()+a.shared.Bulk()+a.shared.InFlight() != 0 {
		t.Errorf("%d, %d and %d stay in flight", l.Bulk(), a.shared.Bulk(), a.shared.InFlight())
	}
}

// TestInFlightToAll: what is under way to all nodes together is bounded as well, and what is
// given up makes room.
func TestInFlightToAll(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	const others = maxBulkAll/maxBulk + 2
	for i := range others {
		a.Greet(s.now, s.node(at(i+2)).addr)
	}
	s.run(2 * time.Second)
	for i := range others {
		delete(s.nodes, at(i+2))
	}
	sent := 0
	for i := range others {
		for range maxBulk {
			if a.Send(s.now, at(i+2), bulk, nil, 0) {
				sent++
			}
		}
	}
	if sent != maxBulkAll || a.shared.InFlight() != maxBulkAll || counted(a)["messages_refused"] != others*maxBulk-maxBulkAll {
		t.Errorf("%d of %d sent, %d in flight, %v refused", sent, others*maxBulk, a.shared.InFlight(), counted(a)["messages_refused"])
	}
	if !a.Send(s.now, at(2), plain, nil, 0) {
		t.Error("what is not bulk has no room")
	}
	s.run(a.cfg.Timing.Lifetime + time.Second)
	if n := a.shared.InFlight(); n != 0 {
		t.Errorf("%d stay in flight", n)
	}
}

// TestNoSuchChannel: what comes on a channel that the receiver does not have is dropped,
// and not acknowledged.
func TestNoSuchChannel(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a.cfg.Channels = append(simChannels[:nothing:nothing], ChannelInfo{Name: "nothing"})
	a.Send(s.now, b.addr, nothing, []byte("what"), 7)
	s.run(time.Second)
	if len(b.on(nothing, a.addr)) != 0 || len(a.saw(Acked, b.addr)) != 0 || counted(b)["dropped_bad_frame"] == 0 {
		t.Errorf("received %v, counted %v", b.events, counted(b))
	}
	s.hold()
}

// TestAckNow: what is sent on such a channel is acknowledged within a round trip.
func TestAckNow(t *testing.T) {
	for _, ch := range []Channel{prompt, lasting, plain} {
		s := newSim(t, 1)
		a, b := s.pair()
		a.Send(s.now, b.addr, ch, nil, 7)
		s.run(2 * s.delay)
		if acked := len(a.saw(Acked, b.addr)) == 1; acked != (ch != plain) {
			t.Errorf("channel %d: acknowledged at once: %v", ch, acked)
		}
	}
}

// TestProfile: others learn the profile of a node with its info, and when they change, the last
// at last, whatever is lost or overtaken.
func TestProfile(t *testing.T) {
	for seed := range uint64(200) {
		s := newSim(t, seed)
		s.loss, s.duplication, s.jitter = 0.3, 0.1, 50*time.Millisecond
		a := s.node(at(1), func(i *Info) { i.Profile = "v=0" })
		b := s.node(at(2))
		a.Greet(s.now, b.addr)
		last := ""
		for i := range 20 {
			last = "v=" + string(rune('a'+i))
			a.SetProfile(s.now, last)
			s.run(3 * time.Millisecond)
		}
		mesh(s)
		s.run(2 * time.Second)
		if have := b.peers[a.addr].profile; have != last {
			t.Errorf("seed %d: profile %q, want %q", seed, have, last)
		}
		var told string
		for _, e := range b.events {
			if e.Kind == Up || e.Kind == Changed {
				told = e.Profile
			}
		}
		if told != last {
			t.Errorf("seed %d: last told %q, want %q", seed, told, last)
		}
		s.hold()
	}
}
