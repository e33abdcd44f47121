// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestOnlyTheAskerJudges: a member that is asked about is greeted, Smudge never hears the
// question, and the asker gets its answer if there is one.
func TestOnlyTheAskerJudges(t *testing.T) {
	for _, answers := range []bool{true, false} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.silence()
			if !answers {
				w.dies(bob)
			}
			news := datagram.Entry{Status: datagram.Alive, Addr: carol, Heartbeat: 1}
			w.data(alice, datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1, []datagram.Entry{datagram.Target(bob, 1), news}))
			sent := w.lasts(10 * minPing)
			if n := len(of(sent, "greet", bob)); answers && n != 1 || !answers && (n < 3 || n > 10) {
				t.Errorf("answers %v: greeted %d times", answers, n)
			}
			got := of(sent, "data", alice)
			if answers {
				want := vouching(self, bob, 1)
				if len(got) != 1 || !slices.Equal(got[0].b, want) {
					t.Errorf("the asker is sent %+v, want an ACK of its code", got)
				}
			} else if len(got) != 0 {
				t.Errorf("the asker is sent %+v about a dead one", got)
			}
			if d := w.noted().delivered; len(d) != 1 || d[0].verb != datagram.Ack || !slices.Equal(d[0].entries, []datagram.Entry{news}) {
				t.Errorf("Smudge has heard %+v, want the news alone", d)
			}
		})
	}
}

// TestHelpIsForMembersWithSessions: only a ping of Smudge's can ask a plain one.
func TestHelpIsForMembersWithSessions(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.plainMember(dave)
		w.sleep(time.Minute)
		w.forgetAll()
		w.data(alice, datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1, []datagram.Entry{datagram.Target(dave, 1)}))
		if d := w.noted().delivered; len(d) != 1 || d[0].verb != datagram.PingReq {
			t.Errorf("Smudge has heard %+v, want the question", d)
		}
	})
}

// vouching is a helper's answer: the target lives.
func vouching(helper, target netip.AddrPort, code uint32) []byte {
	return datagram.Compose(datagram.IPv4, datagram.Ack, helper.Port(), code, []datagram.Entry{{Status: datagram.Alive, Addr: target}})
}

// TestLoneHelper: in a cluster of three, one helper is all there is to ask. When it, too,
// does not reach the member, Smudge is made to find it dead.
func TestLoneHelper(t *testing.T) {
	for _, c := range []struct {
		name    string
		members []netip.AddrPort
		by      netip.AddrPort
		dead    bool
	}{
		{"three", []netip.AddrPort{alice, bob}, self, true},
		{"three, and the other suspects it", []netip.AddrPort{alice, bob}, bob, false},
		{"four", []netip.AddrPort{alice, bob, carol}, self, false},
	} {
		inWorld(t, func(w *world) {
			w.member(c.members...)
			w.forgetAll()
			w.status(alice, datagram.Suspected, c.by)
			w.want(alice, member.Suspected)
			dead := slices.ContainsFunc(w.entries(), func(e datagram.Entry) bool {
				return e.Addr == alice && e.Status == datagram.Dead && e.Source == self
			})
			if dead != c.dead {
				t.Errorf("%s: Smudge hears of a death: %v", c.name, dead)
			}
		})
	}
}
