// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func death() datagram.Entry {
	return datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1, Source: alice}
}
func suspicion() datagram.Entry {
	return datagram.Entry{Status: datagram.Suspected, Addr: bob, Heartbeat: 1, Source: alice}
}

// TestSuspicion: what becomes of an accusation when something happens while the accused
// is asked.
func TestSuspicion(t *testing.T) {
	for _, c := range []struct {
		name      string
		first     datagram.Entry
		meanwhile func(s *Suspicion)
		want      *Accusation // that is confirmed
	}{
		{"silence", death(), func(*Suspicion) {}, &Accusation{Reporter: alice, Entry: death()}},
		{"an answer", death(), func(s *Suspicion) { s.Refute(bob, epoch.Add(ConfirmInterval/2)) }, nil},
		{"an answer of another", death(), func(s *Suspicion) { s.Refute(carol, epoch) }, &Accusation{Reporter: alice, Entry: death()}},
		{"a new session", death(), func(s *Suspicion) { s.Forget(bob) }, nil},
		{"a second reporter", death(), func(s *Suspicion) { s.Accuse(carol, death(), Asks, epoch, epoch) }, &Accusation{Reporter: alice, Entry: death()}},
		{"a death after a suspicion", suspicion(), func(s *Suspicion) { s.Accuse(carol, death(), Asks, epoch, epoch) }, &Accusation{Reporter: carol, Entry: death()}},
		{"a suspicion after a death", death(), func(s *Suspicion) { s.Accuse(carol, suspicion(), Asks, epoch, epoch) }, &Accusation{Reporter: alice, Entry: death()}},
	} {
		s := NewSuspicion()
		if held, first := s.Accuse(alice, c.first, Asks, epoch, epoch); !held || !first {
			t.Fatalf("%s: held %v, first %v", c.name, held, first)
		}
		greetings := 0
		var confirmed []Accusation
		for at := epoch; !at.After(epoch.Add(2 * ConfirmTime)); at = at.Add(time.Millisecond) {
			greet, done, _, _ := s.Tick(&Awareness{}, at)
			if greetings += len(greet); len(done) > 0 && at.Sub(epoch) != ConfirmTime {
				t.Errorf("%s: confirmed after %v, want %v", c.name, at.Sub(epoch), ConfirmTime)
			}
			confirmed = append(confirmed, done...)
			if at.Sub(epoch) == ConfirmInterval/2 {
				c.meanwhile(s)
			}
		}
		if c.want == nil {
			if len(confirmed) != 0 || greetings != 1 {
				t.Errorf("%s: confirmed %+v after %d greetings", c.name, confirmed, greetings)
			}
			continue
		}
		if len(confirmed) != 1 || confirmed[0].Reporter != c.want.Reporter || confirmed[0].Entry != c.want.Entry || greetings != confirmGreetings {
			t.Errorf("%s: confirmed %+v after %d greetings, want %+v", c.name, confirmed, greetings, c.want)
		}
	}
}

// TestRefutedOnlyByWhatCameAfterTheQuestion: a packet that was on its way is older.
func TestRefutedOnlyByWhatCameAfterTheQuestion(t *testing.T) {
	s := NewSuspicion()
	s.Accuse(alice, death(), Asks, epoch, epoch)
	if _, ok := s.Refute(bob, epoch); ok {
		t.Error("refuted before it was asked")
	}
	if _, _, _, next := s.Tick(&Awareness{}, epoch); !next.Equal(epoch.Add(ConfirmInterval)) {
		t.Errorf("asked again at %v", next)
	}
	if a, ok := s.Refute(bob, epoch); !ok || a.Reporter != alice {
		t.Errorf("refuted: %v, %+v", ok, a)
	}
	if _, ok := s.Refute(bob, epoch); ok {
		t.Error("refuted twice")
	}
}

// TestSilentMemberIsNotAskedAgain for some seconds, unless it was heard of since.
func TestSilentMemberIsNotAskedAgain(t *testing.T) {
	silent := epoch.Add(time.Minute)
	for _, c := range []struct {
		name   string
		heard  time.Time
		after  time.Duration
		forget bool
		held   bool
	}{
		{"soon", epoch, time.Second, false, false},
		{"later", epoch, silenceTime, false, true},
		{"soon, and it has spoken", silent.Add(time.Millisecond), time.Second, false, true},
		{"soon, in another session", epoch, time.Second, true, true},
	} {
		s := NewSuspicion()
		s.Accuse(alice, death(), Asks, epoch, silent.Add(-ConfirmTime))
		for i := range confirmGreetings + 1 {
			s.Tick(&Awareness{}, silent.Add(time.Duration(i)*ConfirmInterval-ConfirmTime))
		}
		if c.forget {
			s.Forget(bob)
		}
		if held, _ := s.Accuse(carol, death(), Asks, c.heard, silent.Add(c.after)); held != c.held {
			t.Errorf("%s: held %v, want %v", c.name, held, c.held)
		}
	}
}

// TestLateNodeBelievesNoAccusation: it asks on, and believes it when it is in good health.
func TestLateNodeBelievesNoAccusation(t *testing.T) {
	s, now := NewSuspicion(), epoch
	var health Awareness
	health.Late(time.Second)
	s.Accuse(alice, datagram.Entry{Status: datagram.Dead, Addr: bob}, Asks, time.Time{}, now)
	greetings := 0
	for ; now.Before(epoch.Add(10 * time.Second)); now = now.Add(ConfirmInterval) {
		greet, confirmed, _, _ := s.Tick(&health, now)
		if greetings += len(greet); len(confirmed) != 0 {
			t.Fatalf("confirmed after %v", now.Sub(epoch))
		}
	}
	if want := int(10 * time.Second / (maxMultiplier * ConfirmInterval)); greetings < want || greetings > want+1 {
		t.Errorf("greeted %d times, want %d", greetings, want)
	}
	for !health.Trusted() {
		health.Observe(now)
	}
	if _, confirmed, _, _ := s.Tick(&health, now.Add(maxMultiplier*ConfirmInterval)); len(confirmed) != 1 {
		t.Error("not confirmed in good health")
	}
}

// TestAskersWordIsEnough: a node that is no asker believes two of them, not the finder, and asks
// by itself if they are silent.
func TestAskersWordIsEnough(t *testing.T) {
	dies := datagram.Entry{Status: datagram.Dead, Addr: bob, Source: alice}
	for _, c := range []struct {
		name     string
		role     Role
		words    []netip.AddrPort
		believed bool
		asked    time.Duration // when this node begins to ask
	}{
		{"the finder, twice", Waits, []netip.AddrPort{alice, alice}, false, lateAsker*ConfirmTime + wordTime},
		{"one asker, twice", Waits, []netip.AddrPort{alice, carol, carol}, false, (lateAsker-1)*ConfirmTime + wordTime},
		{"two askers", Waits, []netip.AddrPort{alice, carol, dave}, true, 0},
		{"two askers, and this is one", Asks, []netip.AddrPort{alice, carol, dave}, true, 0},
		{"two askers, but this node stood still", AsksAlone, []netip.AddrPort{alice, carol, dave}, false, 0},
	} {
		s := NewSuspicion()
		believed := false
		for _, a := range c.words {
			held, _ := s.Accuse(a, dies, c.role, time.Time{}, epoch)
			believed = believed || !held
		}
		if believed != c.believed {
			t.Errorf("%s: believed %v", c.name, believed)
		}
		for at := epoch; !at.After(epoch.Add(2 * time.Second)); at = at.Add(time.Millisecond) {
			if greet, _, _, _ := s.Tick(&Awareness{}, at); len(greet) > 0 {
				if c.believed || at.Sub(epoch) != c.asked {
					t.Errorf("%s: asks after %v", c.name, at.Sub(epoch))
				}
				break
			}
		}
	}
}

// TestFewAreAskedAtOnce: those past the bound wait for their turn.
func TestFewAreAskedAtOnce(t *testing.T) {
	s := NewSuspicion()
	for i := range 2 * maxAsked {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), 1)
		s.Accuse(alice, datagram.Entry{Status: datagram.Dead, Addr: a, Source: alice}, Asks, time.Time{}, epoch)
	}
	if greet, _, _, _ := s.Tick(&Awareness{}, epoch); len(greet) != maxAsked {
		t.Errorf("%d are asked at once, want %d", len(greet), maxAsked)
	}
	confirmed := 0
	for at := epoch; !at.After(epoch.Add(3 * ConfirmTime)); at = at.Add(time.Millisecond) {
		_, done, _, _ := s.Tick(&Awareness{}, at)
		confirmed += len(done)
	}
	if confirmed != 2*maxAsked {
		t.Errorf("%d are confirmed in the end", confirmed)
	}
}
