// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"net"
	"testing"
)

// TestBehindNAT: nodes whose packets come from elsewhere than where they are reached
// meet, also when all of them are such, and find each other again.
func TestBehindNAT(t *testing.T) {
	ra, rb := startRelay(t), startRelay(t)
	a := startBehind(t, ra)
	b := startBehind(t, rb, "--join", ra.addr.String())
	c := StartDaemon(t, bin, nil, "--join", rb.addr.String())
	all := []*Daemon{a, b, c}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	b.Kill()
	Eventually(t, "its death is noticed", func() bool { return a.Status(b) == "DEAD" && c.Status(b) == "DEAD" })
	all[1] = startBehind(t, rb)
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody again", func() bool { return d.Sees(all...) })
		for _, m := range d.Members() {
			if m.Plain {
				t.Errorf("%s takes %s for plain", d.Gossip, m.Address)
			}
		}
	}
}

// TestReplay: what others have said before, said again by somebody else, does nothing:
// no member comes back or goes by it, and no message is heard twice.
func TestReplay(t *testing.T) {
	r := startRelay(t)
	victim := startBehind(t, r)
	speaker := StartDaemon(t, bin, nil, "--join", r.addr.String())
	leaver := StartDaemon(t, bin, nil, "--join", r.addr.String())
	all := []*Daemon{victim, speaker, leaver}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	stream := StartStream(t, victim, "stream")
	if r := speaker.Ctl("broadcast", "once"); r.Code != 0 {
		t.Fatalf("broadcast: %+v", r)
	}
	stream.Wants(t, "once\n")
	leaver.Ctl("leave")
	Eventually(t, "it has left", func() bool { return victim.Status(leaver) == "LEFT" })
	watch := StartWatch(t, victim)

	capture := r.capture()
	replay := func(by func(packet) *net.UDPConn) {
		t.Helper()
		before := victim.Counters()["datagrams_received"]
		for i, p := range capture {
			if _, err := by(p).WriteToUDPAddrPort(p.b, r.to); err != nil {
				t.Fatal(err)
			}
			if i%100 == 99 || i == len(capture)-1 {
				Eventually(t, "they arrive", func() bool { return victim.Counters()["datagrams_received"]-before >= uint64(i) })
			}
		}
	}
	own := newRawSocket(t).conn
	replay(func(packet) *net.UDPConn { return own })
	replay(func(p packet) *net.UDPConn { return p.by }) // from where it came
	t.Logf("replayed %d packets twice, counted %v", len(capture), victim.Counters())
	speaker.Ctl("broadcast", "twice")
	stream.Wants(t, "once\ntwice\n")
	gossips := sent(victim)
	Meanwhile(t, "the members are the same", func() bool {
		return victim.Has(speaker) && victim.Status(leaver) == "LEFT" && speaker.Has(victim)
	}, func() bool { return sent(victim) > gossips+30 })
	steadily(t, watch, speaker)
	for _, e := range watch.Events() {
		if e.Event == "removed" || e.Event == "change" && e.Member.Address != speaker.Gossip.String() {
			t.Errorf("the watch tells %+v", e)
		}
	}
}

// TestReplayedInfo: what a node opened its session with does not bring it back after
// its leave, not even from where it came.
func TestReplayedInfo(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	s := newRawSocket(t)
	const session = 0x1EF7
	cookie, _ := s.greet(d, session, 7)
	info := rawFrame{
		kind: kindInfo, session: session, tag: cookie, counter: 1, payload: infoPayload(5, 7, 1, 0, s.addr, "leaver"),
	}.bytes()
	s.send(d, info)
	tag := binary.BigEndian.Uint64(s.receive(kindInfo).payload)
	s.send(d, rawFrame{kind: kindLeave, session: session, tag: tag, counter: 2}.bytes())
	status := func() string { return d.Statuses()[s.addr.String()] }
	Eventually(t, "it has left", func() bool { return status() == "LEFT" })
	// The daemon answers what is left of the session for some seconds.
	Meanwhile(t, "it stays away", func() bool { return status() == "LEFT" }, func() bool {
		s.send(d, info)
		return d.Counters()["dropped_ended_session"] > 0
	})
}
