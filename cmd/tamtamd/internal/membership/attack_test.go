// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// What one well-formed datagram does to a cluster of plain Smudge, and does not do
// here. The member that sends it may be anybody.

// TestBanByOneDatagram: a death far beyond the clock would be believed for good.
func TestBanByOneDatagram(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, carol)
		w.plainMember(dave)
		w.sleep(time.Minute) // nobody has been heard of recently
		w.forgetAll()
		for _, h := range []uint32{0xFFFFFFF0, 1 << 31, 100_000, 500} {
			w.gossip(alice, 1,
				datagram.Entry{Status: datagram.Dead, Addr: carol, Heartbeat: h},
				datagram.Entry{Status: datagram.Dead, Addr: dave, Heartbeat: h},
				datagram.Entry{Status: datagram.Dead, Addr: self, Heartbeat: h})
		}
		w.lasts(time.Minute)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("delivered %v", got)
		}
		w.want(carol, member.Alive)
		w.want(dave, member.Alive)
		// An honest one is heard.
		w.gossip(alice, 2, datagram.Entry{Status: datagram.Dead, Addr: dave, Heartbeat: 2})
		if got := w.entries(); len(got) != 1 {
			t.Error("an honest death is not delivered")
		}
	})
}

// TestResurrection: a dead member does not live because somebody says so.
func TestResurrection(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, carol)
		w.plainMember(dave)
		w.dead(carol)
		w.dead(dave)
		w.forgetAll()
		for range 60 {
			w.gossip(alice, 1,
				datagram.Entry{Status: datagram.Alive, Addr: carol, Heartbeat: 100},
				datagram.Entry{Status: datagram.Suspected, Addr: carol, Heartbeat: 100},
				datagram.Entry{Status: datagram.Alive, Addr: dave, Heartbeat: 100})
			w.sleep(heartbeat)
			w.want(carol, member.Dead)
			w.want(dave, member.Dead)
		}
		if got := w.entries(); len(got) != 0 {
			t.Errorf("delivered %v", got)
		}
	})
}

// TestBogusMembers: a member reports 20,000 that are none, in its gossip and its
// list. They are greeted, so many and no more, and forgotten.
func TestBogusMembers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		for i := 0; i < 20_000; i += 50 {
			var entries []datagram.Entry
			var members []netip.AddrPort
			for j := range 50 {
				entries = append(entries, datagram.Entry{Status: datagram.Alive, Addr: nth(i + j), Heartbeat: 1})
				members = append(members, nth(1<<20+i+j))
			}
			w.gossip(alice, 1, entries...)
			w.event(told(alice, true, 1, members...))
			if i%1000 == 0 {
				w.sleep(10 * time.Millisecond)
			}
			if n := w.counted()["candidates"]; n > admission.MaxCandidatesPerReporter {
				t.Fatalf("%d candidates", n)
			}
		}
		// Another member's word is heard all the same.
		w.lives(carol, 7)
		w.event(told(bob, false, 0, carol))
		w.sleep(2 * admission.AnswerTime)
		w.want(carol, member.Alive)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("delivered %v", got)
		}
		if all, _ := w.table.List(); len(all) != 4 || w.known() != 3 {
			t.Errorf("%d members, %d known to Smudge", len(all), w.known())
		}
		w.want(alice, member.Alive)
		w.want(bob, member.Alive)
		w.sleep(time.Minute) // the window of that member lets some fifty a second pass
		if c := w.counted(); c["candidates"] != 0 || c["refused_candidates"] == 0 {
			t.Errorf("counted %v", c)
		}
		w.forgetAll()
		if sent := w.lasts(time.Minute); len(of(sent, "greet", nth(0))) != 0 {
			t.Error("the bogus are greeted forever")
		}
	})
}

// TestReflection: one that writes another's address into packets has no more sent
// there than it sends, in bytes, be it to one address or to many, and fills no table.
func TestReflection(t *testing.T) {
	for name, source := range map[string]func(int) netip.AddrPort{
		"many": nth,
		"one":  func(int) netip.AddrPort { return dave },
		"one machine": func(i int) netip.AddrPort {
			return netip.AddrPortFrom(dave.Addr(), uint16(i%65535)+1)
		},
	} {
		inWorld(t, func(w *world) {
			w.member(alice)
			// The answer could say a lot more: there is news.
			for i := range 30 {
				w.member(netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, 16, 0, byte(i)}), 1))
			}
			in, out := map[netip.Addr]int{}, map[netip.Addr]int{}
			member := map[netip.AddrPort]bool{}
			for _, a := range w.Live() {
				member[a] = true
			}
			for i := range 20_000 {
				from := source(i)
				b := datagram.AppendBare(nil, datagram.Verb(i%2)*datagram.NFPing, from.Port(), 1) // a Ping, an NFPing
				if i%10 == 9 {
					b = datagram.Compose(datagram.IPv4, datagram.PingReq, from.Port(), 1, []datagram.Entry{datagram.Target(alice, 1)})
				}
				w.stray(from, b)
				in[from.Addr()] += len(b)
				if i%500 == 0 {
					w.sleep(10 * time.Millisecond)
				}
			}
			for _, p := range w.lasts(time.Minute) {
				switch {
				case p.what == "bare":
					out[p.to.Addr()] += len(p.b)
				case p.what == "greet" && !member[p.to]:
					t.Fatalf("%s: %s is greeted", name, p.to)
				}
			}
			if len(out) == 0 {
				t.Errorf("%s: nobody is answered", name)
			}
			for a, n := range out {
				if n > in[a] {
					t.Errorf("%s: %d bytes in made %d bytes go out to %s", name, in[a], n, a)
				}
			}
			if all, _ := w.table.List(); len(all) != 32 || w.candidates.Len() != 0 {
				t.Errorf("%s: %d members, %d candidates", name, len(all), w.candidates.Len())
			}
		})
	}
}

// TestFloodLeavesRoomForTheSought: packets in others' names keep nobody from joining,
// not even where those others live, and no member's word from being heard.
func TestFloodLeavesRoomForTheSought(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for i := range 2 * admission.MaxCandidates {
			w.bareFrom(nth(i), datagram.Ping, 1)
			w.bareFrom(netip.AddrPortFrom(bob.Addr(), uint16(i+1)), datagram.Ping, 1)
		}
		w.lives(bob, 7)
		w.lives(carol, 8)
		w.event(told(alice, false, 0, carol))
		if err := w.joined(bob); err != nil {
			t.Errorf("Join = %v", err)
		}
		w.want(carol, member.Alive)
	})
}
