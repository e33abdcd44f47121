// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import "testing"

// TestClaims: nobody becomes a member, or ends one, by saying that it is the one: not
// by its address, nor by its session, which a member tells each node that greets it.
func TestClaims(t *testing.T) {
	all := Cluster(t, bin, 3)
	victim, claimed := all[0], all[1]
	before := victim.Members()[claimed.Gossip.String()]
	_, session := newRawSocket(t).greet(claimed, 1, 1)
	watch := StartWatch(t, victim)

	for _, c := range []struct {
		name            string
		session, number uint64
		own             bool // says it is at its own address
		answers         uint64
	}{
		{"the address, in a session of its own", 0xBAD, 1, false, 0},
		{"the address and the session", session, 1 << 62, false, 0},
		{"the address and the session, as an answer", session, 1<<62 + 1, false, 1},
		{"the session, at an address of its own", session, 1<<62 + 2, true, 0},
	} {
		s := newRawSocket(t)
		cookie, _ := s.greet(victim, c.session, 7)
		at := claimed.Gossip
		if c.own {
			at = s.addr
		}
		frames := victim.Counters()["datagrams_received"]
		s.send(victim, rawFrame{
			kind: kindInfo, session: c.session, tag: cookie, counter: 1,
			payload: infoPayload(5, 7, c.number, c.answers, at, "evil"),
		}.bytes())
		// Were it taken for the member, this would end it.
		s.send(victim, rawFrame{kind: kindLeave, session: c.session, tag: cookie, counter: 2}.bytes())
		Eventually(t, "both arrive", func() bool { return victim.Counters()["datagrams_received"] >= frames+2 })
		now := victim.Members()[claimed.Gossip.String()]
		if !present(now.Status) || now.Session != before.Session || now.Name != before.Name {
			t.Errorf("claiming %s: the member was %+v, is %+v", c.name, before, now)
		}
	}
	if n := victim.Counters()["claims_greeted"]; n == 0 {
		t.Error("no claim was counted")
	}

	// They hear each other as they did.
	for i, pair := range [][2]*Daemon{{victim, claimed}, {claimed, victim}} {
		s := StartStream(t, pair[1], "stream")
		if r := pair[0].Ctl("broadcast", "still here"); r.Code != 0 {
			t.Errorf("broadcast %d: %+v", i, r)
		}
		s.Wants(t, "still here\n")
	}
	gossips := sent(victim)
	Meanwhile(t, "all see all", func() bool { return victim.Has(claimed) && claimed.Has(victim) },
		func() bool { return sent(victim) > gossips+30 })
	for _, d := range all {
		for a, m := range d.Members() {
			if m.Session == before.Session && a != claimed.Gossip.String() && m.Status == "ALIVE" {
				t.Errorf("%s lists %+v", d.Gossip, m)
			}
		}
	}

	// Who did not know the member before has the claimant in its place no more than
	// others have.
	late := StartDaemon(t, bin, nil)
	s := newRawSocket(t)
	cookie, _ := s.greet(late, session, 7)
	s.send(late, rawFrame{kind: kindInfo, session: session, tag: cookie, counter: 1, payload: infoPayload(5, 7, 1, 0, s.addr, "evil")}.bytes())
	Eventually(t, "the claimant is a member", func() bool { return late.Members()[s.addr.String()].Name == "evil" })
	if r := late.Ctl("join", victim.Gossip.String()); r.Code != 0 {
		t.Fatalf("join: %+v", r)
	}
	Eventually(t, "the member is met", func() bool {
		m := late.Members()[claimed.Gossip.String()]
		return m.Status == "ALIVE" && m.Session == before.Session && claimed.Members()[late.Gossip.String()].Session != ""
	})
	steadily(t, watch, claimed)
}
