// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// TestOwnFindingIsAnnounced: to all live members with a session, in Smudge's words,
// and not twice.
func TestOwnFindingIsAnnounced(t *testing.T) {
	for _, s := range []datagram.Status{datagram.Suspected, datagram.Dead} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.plainMember(dave)
			w.dies(bob)
			w.status(bob, s, self)
			prompts := w.noted().delivered
			// Smudge is made to send a datagram to somebody else.
			if len(prompts) != 1 || prompts[0].from == bob || prompts[0].verb != datagram.Ping || prompts[0].entries != nil {
				t.Fatalf("prompted by %+v", prompts)
			}
			w.take()
			entry := datagram.Entry{Status: s, Addr: bob, Heartbeat: 5, Source: self}
			w.outgoing(prompts[0].from, entry)
			w.outgoing(carol, entry)
			sent := w.take()
			for _, a := range []netip.AddrPort{alice, carol} {
				got := of(sent, "data", a)
				if len(got) != 1 {
					t.Fatalf("%s is told %d times", a, len(got))
				}
				d, fault := datagram.Parse(got[0].b, datagram.IPv4)
				if fault != "" || d.Verb() != datagram.Ack || d.Heartbeat() != 0 || d.Len() != 1 || d.Entry(0) != entry {
					t.Errorf("%s is told %x", a, got[0].b)
				}
			}
			if len(of(sent, "lost", dave))+len(of(sent, "bare", dave)) != 0 {
				t.Error("a plain member is told")
			}
			if s == datagram.Dead && len(of(sent, "data", bob)) != 0 {
				t.Error("the dead one is told")
			}
		})
	}
}

// TestAskerTellsTheFinderAndItsPart: of two askers, each tells all.
func TestAskerTellsTheFinderAndItsPart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		w.status(bob, datagram.Dead, alice)
		w.outgoing(carol, death(5))
		sent := w.take()
		if len(of(sent, "data", alice)) != 1 || len(of(sent, "data", carol)) != 1 || len(of(sent, "data", bob)) != 0 {
			t.Errorf("sent %v", sent)
		}
	})
}

// TestRecoveryIsNotAnnounced: it says so itself.
func TestRecoveryIsNotAnnounced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.status(bob, datagram.Suspected, alice)
		w.status(bob, datagram.Alive, self)
		w.outgoing(carol, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 6})
		if sent := w.take(); len(of(sent, "data", carol)) != 0 {
			t.Errorf("sent %v", sent)
		}
	})
}

// TestLargeClusterIsToldByFew: those that confirm a death, each a part. The others tell nobody.
func TestLargeClusterIsToldByFew(t *testing.T) {
	const nodes = 84
	inWorld(t, func(w *world) {
		all := nths(nodes - 1)
		w.member(all...)
		tells := 0
		for _, a := range all[1:40] {
			w.dies(a)
			w.status(a, datagram.Dead, all[0])
			w.outgoing(all[0], datagram.Entry{Status: datagram.Dead, Addr: a, Heartbeat: 5})
			told := 0
			for _, p := range w.take() {
				if p.what == "data" {
					told++
				}
			}
			if told > nodes/2 {
				t.Errorf("%d are told by one", told)
			}
			if told > 0 {
				tells++
			}
			w.sleep(time.Second)
			w.take()
		}
		// Six of 82 ask about each of 39.
		if tells < 1 || tells > 10 {
			t.Errorf("this node has told others %d times", tells)
		}
	})
}

// TestFinderTellsAllIfTheAskersAreSilent: they may have ended as well.
func TestFinderTellsAllIfTheAskersAreSilent(t *testing.T) {
	for _, confirmed := range []bool{true, false} {
		inWorld(t, func(w *world) {
			all := nths(20)
			w.member(all...)
			x, told := all[0], map[netip.AddrPort]bool{}
			w.dies(x)
			w.status(x, datagram.Dead, self)
			dies := datagram.Entry{Status: datagram.Dead, Addr: x, Heartbeat: 5, Source: self}
			w.outgoing(all[1], dies)
			if confirmed {
				for _, a := range all[1:] {
					w.gossip(a, 1, dies)
				}
			}
			for _, p := range w.lasts(time.Second) {
				if d, fault := datagram.Parse(p.b, datagram.IPv4); p.what == "data" && fault == "" && isNews(d) && d.Len() == 1 && d.Entry(0) == dies {
					told[p.to] = true
				}
			}
			if few := len(told) == 5; confirmed && !few || !confirmed && len(told) != 19 {
				t.Errorf("confirmed %v: %d are told", confirmed, len(told))
			}
		})
	}
}

// TestRefutationIsTold to the finder, by an asker, and to nobody else.
func TestRefutationIsTold(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.silence()
		w.news(alice, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: alice})
		sent := w.lasts(detect.ConfirmTime)
		want := datagram.Entry{Status: datagram.Alive, Addr: bob}
		got := of(sent, "data", alice)
		if len(got) != 1 || len(of(sent, "data", carol)) != 0 {
			t.Fatalf("sent %v", sent)
		}
		if d, fault := datagram.Parse(got[0].b, datagram.IPv4); fault != "" || d.Entry(0) != want {
			t.Errorf("told %x", got[0].b)
		}
		w.want(bob, member.Alive)
	})
}

// TestUnansweredQuestionIsPutToTheAskers, though Smudge has found nothing yet.
func TestUnansweredQuestionIsPutToTheAskers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.silence()
		w.dies(bob)
		w.question(bob, w.now)
		sent := w.lasts(detect.QuestionTime + time.Millisecond)
		if len(of(sent, "data", alice)) != 1 || len(of(sent, "data", carol)) != 1 {
			t.Fatalf("sent %v", sent)
		}
		w.want(bob, member.Alive)
		w.news(carol, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: self})
		if got := w.entries(); len(got) != 1 || got[0].Addr != bob || got[0].Status != datagram.Dead {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

// TestWordsToANodeThatStoodStill may be long past: it asks by itself.
func TestWordsToANodeThatStoodStill(t *testing.T) {
	for _, late := range []time.Duration{0, time.Minute} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol, dave)
			w.silence()
			w.now = w.now.Add(late)
			w.Tick(w.now)
			dies := datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: alice}
			w.news(carol, dies)
			w.news(dave, dies)
			if got := len(w.entries()) == 1; got != (late == 0) {
				t.Errorf("late %v: believed at once %v", late, got)
			}
		})
	}
}

// TestOutgoingDropsWhatIsNoNews, but for plain peers, who get Smudge as it is.
func TestOutgoingDropsWhatIsNoNews(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.plainMember(dave)
		entry := datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1}
		if !w.outgoing(alice, entry) || !w.outgoing(dave, entry) {
			t.Error("fresh news is dropped")
		}
		w.sleep(newsTime)
		if w.outgoing(alice, entry) {
			t.Error("what is no news goes out")
		}
		if !w.outgoing(dave, entry) {
			t.Error("a plain member does not get Smudge as it is")
		}
		w.status(bob, datagram.Suspected, alice)
		if !w.outgoing(alice, datagram.Entry{Status: datagram.Suspected, Addr: bob, Heartbeat: 1}) {
			t.Error("a change is no news")
		}
		stranger := netip.MustParseAddrPort("192.0.2.99:1")
		if w.outgoing(dave, datagram.Entry{Status: datagram.Alive, Addr: stranger}) || w.outgoing(stranger, entry) {
			t.Error("something about, or to, a stranger goes out")
		}
	})
}

// TestFindingIsToldOnce, though Smudge's statuses may be read again.
func TestFindingIsToldOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		for range 3 {
			w.status(bob, datagram.Dead, self)
			w.status(bob, datagram.Dead, netip.AddrPort{}) // by whom is not known then
		}
		if n := len(w.noted().delivered); n != 1 {
			t.Errorf("prompted %d times", n)
		}
		w.outgoing(carol, death(5))
		if n := len(of(w.take(), "data", carol)); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// TestSuspectIsNotPrompted: Smudge says nothing of a member to the member itself.
func TestSuspectIsNotPrompted(t *testing.T) {
	for range 20 { // who is prompted is left to chance
		inWorld(t, func(w *world) {
			w.member(bob, alice, carol)
			w.status(bob, datagram.Suspected, self)
			if got := w.noted().delivered; len(got) != 1 || got[0].from == bob {
				t.Errorf("prompted by %+v", got)
			}
		})
	}
}
