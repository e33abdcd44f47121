// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// floodTotal is how many packets each flood has.
const floodTotal = 50_000

// paced sends total packets, as many at a time as the daemon has room for.
func paced(t *testing.T, d *Daemon, total int, send func(i int)) {
	t.Helper()
	arrived := func() uint64 { return d.Counters()["datagrams_received"] }
	before, began := arrived(), time.Now()
	for i := range total {
		send(i)
		if i%500 == 499 || i == total-1 {
			Eventually(t, "they arrive", func() bool { return arrived()-before >= uint64(i)*95/100 })
		}
	}
	t.Logf("%d in %v", total, time.Since(began))
}

// unharmed fails unless the daemon has grown by no more than is allowed, and all see
// all, and hear each other.
func unharmed(t *testing.T, victim *Daemon, all []*Daemon, memory, files int) {
	t.Helper()
	if grown, more := residentKiB(t, victim)-memory, openFiles(t, victim)-files; grown > 48<<10 || more > maxMembersPerIP+16 {
		t.Errorf("grown by %d KiB and %d files", grown, more)
	} else {
		t.Logf("grown by %d KiB and %d files", grown, more)
	}
	for i, d := range all {
		Eventually(t, d.Gossip.String()+" sees the others", func() bool {
			for _, m := range all {
				if d.Status(m) != "ALIVE" {
					return false
				}
			}
			return true
		})
		s := StartStream(t, d, "stream")
		other, text := all[(i+1)%len(all)], fmt.Sprint("after the flood ", i)
		if r := other.Ctl("broadcast", text); r.Code != 0 {
			t.Errorf("broadcast: %+v", r)
		}
		s.Wants(t, text+"\n")
	}
}

// maxSessionsPerIP is wire.MaxPeersPerIP, and maxMembersPerIP admission.MaxPerIP: each of these has
// a socket.
const (
	maxSessionsPerIP = 320
	maxMembersPerIP  = 256
)

// TestHelloFlood: hellos make no state, and are answered by no more than they are.
func TestHelloFlood(t *testing.T) {
	all := Cluster(t, bin, 3)
	victim := all[0]
	s := newRawSocket(t)
	before, memory, files := victim.Counters(), residentKiB(t, victim), openFiles(t, victim)
	paced(t, victim, floodTotal, func(i int) {
		s.send(victim, rawFrame{kind: kindHello, session: uint64(i) + 1, payload: helloPayload(uint64(i), "smudge")}.bytes())
	})
	after := victim.Counters()
	if after["sessions"] != before["sessions"] || after["members"] != 3 || after["candidates"] != 0 {
		t.Errorf("counted %v", after)
	}
	in, out := after["bytes_received"]-before["bytes_received"], after["bytes_sent"]-before["bytes_sent"]
	if out > in {
		t.Errorf("%d bytes in, %d out", in, out)
	}
	unharmed(t, victim, all, memory, files)
	if !victim.Lists(all...) {
		t.Errorf("lists %v", victim.Statuses())
	}
}

// TestSessionFlood: sessions of one machine are bounded, whether they are of one
// address or of many.
func TestSessionFlood(t *testing.T) {
	for _, c := range []struct {
		name    string
		sockets int
	}{{"one address", 1}, {"many addresses", 400}} {
		t.Run(c.name, func(t *testing.T) {
			all := Cluster(t, bin, 3)
			victim := all[0]
			var sockets []*rawSocket
			for range c.sockets {
				sockets = append(sockets, newRawSocket(t))
			}
			memory, files := residentKiB(t, victim), openFiles(t, victim)
			paced(t, victim, 2000, func(i int) { // a hello and an info each
				s, session := sockets[i%c.sockets], uint64(i)+1
				cookie, _ := s.greet(victim, session, 7)
				s.send(victim, rawFrame{
					kind: kindInfo, session: session, tag: cookie, counter: 1,
					payload: infoPayload(5, 7, 1, 0, s.addr, "flood"),
				}.bytes())
			})
			n := victim.Counters()
			t.Logf("sessions %d, members %d, refused %d, memory %d KiB", n["sessions"], n["members"], n["refused_sessions"], residentKiB(t, victim)-memory)
			if n["sessions"] > maxSessionsPerIP || n["members"] > maxMembersPerIP+1 {
				t.Errorf("%d sessions, %d members", n["sessions"], n["members"])
			}
			unharmed(t, victim, all, memory, files)
		})
	}
}

// TestQuestionFlood: a member that asks for the others without end, and acknowledges
// nothing, does not make the daemon send without end.
func TestQuestionFlood(t *testing.T) {
	all := Cluster(t, bin, 3)
	victim := all[0]
	s := newRawSocket(t)
	const session = 0xA5C
	cookie, _ := s.greet(victim, session, 7)
	s.send(victim, rawFrame{
		kind: kindInfo, session: session, tag: cookie, counter: 1, payload: infoPayload(5, 7, 1, 0, s.addr, "curious"),
	}.bytes())
	tag := binary.BigEndian.Uint64(s.receive(kindInfo).payload)
	before, memory, files := victim.Counters(), residentKiB(t, victim), openFiles(t, victim)
	paced(t, victim, floodTotal, func(i int) {
		s.send(victim, rawFrame{
			kind: kindMembers, session: session, tag: tag, counter: uint64(i) + 2, payload: []byte{1, 0, 0, 0, 0, 0, 0, 0, 0},
		}.bytes())
	})
	after := victim.Counters()
	in, out := after["bytes_received"]-before["bytes_received"], after["bytes_sent"]-before["bytes_sent"]
	t.Logf("%d bytes in, %d out, %d answers", in, out, after["frames_members"]-before["frames_members"])
	if after["unanswered_questions"] == 0 || out > in {
		t.Errorf("%d bytes in, %d out, counted %v", in, out, after)
	}
	unharmed(t, victim, all, memory, files)
}
