// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// TestLinks: what is counted of a link is what its two ends did, and a session that
// ends takes it along.
func TestLinks(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	mesh(s)
	s.loss = 0.3
	for range 200 {
		a.say(b.addr, true)
		s.run(20 * time.Millisecond)
	}
	s.loss = 0
	s.run(LAN.Lifetime)
	la, lb := a.Links(s.now), b.Links(s.now)
	if len(la) != 1 || len(lb) != 1 {
		t.Fatalf("links %v and %v, want one each", la, lb)
	}
	l, back := la[0], lb[0]
	if l.Addr != b.addr || l.RoundTrip <= 0 || l.Sent < 200 {
		t.Errorf("link %+v", l)
	}
	// At 30 % loss each way about half of the frames are retransmitted.
	if share := float64(l.Resent) / float64(l.Sent); share < 0.2 || share > 1.5 {
		t.Errorf("%d of %d frames retransmitted", l.Resent, l.Sent)
	}
	if back.Received < 200 || back.Duplicates == 0 || back.Received+back.Duplicates > l.Sent+l.Resent+uint64(len(kindNames))*200 {
		t.Errorf("the other end: %+v", back)
	}
	counters := counted(a)
	var sent, received uint64
	for _, k := range a.Traffic() {
		if k.Sent != counters["frames_"+k.Kind] || (k.Sent == 0) != (k.SentBytes == 0) || (k.Received == 0) != (k.ReceivedBytes == 0) {
			t.Errorf("traffic %+v, counted %d", k, counters["frames_"+k.Kind])
		}
		if k.Sent > 0 && (k.SentBytes/k.Sent < frame.ShortSize || k.SentBytes/k.Sent > frame.MaxSize) {
			t.Errorf("%s: %d bytes in %d frames", k.Kind, k.SentBytes, k.Sent)
		}
		sent += k.Sent
		received += k.Received
	}
	if sent == 0 || received == 0 || received >= sent*2 {
		t.Errorf("%d frames sent, %d received", sent, received)
	}
	a.CloseSession(s.now, b.addr)
	if l := a.Links(s.now); len(l) != 0 {
		t.Errorf("a closed link is reported: %v", l)
	}
}

// TestEndpointWakes: a loop that receives nothing does an iteration when it is woken, and
// not otherwise.
func TestEndpointWakes(t *testing.T) {
	socket, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	e := NewEndpoint(socket, CoreConfig{Info: Info{Addr: socket.Local(), Cluster: "c"}, Timing: LAN})
	before := e.Iterations()
	e.Wake()
	if e.Iterations() != before {
		t.Error("it does an iteration before it runs")
	}
	done := make(chan error, 1)
	go func() { done <- e.Run(func(Event) {}, func() {}) }()
	for range 3 {
		before = e.Iterations()
		for deadline := time.Now().Add(time.Minute); e.Iterations() == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it does no iteration")
			}
			e.Wake()
		}
	}
	e.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
