// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// addressable returns what a member of this version says of itself.
func addressable(session uint64, tags string) member.Info {
	return member.Info{Session: session, Tags: tags, Addressing: true}
}

// report has a member report of messages.
func (w *world) report(a netip.AddrPort, numbers ...uint64) {
	w.Receive(a, appendReport(nil, local, numbers))
}

// TestSendToTags: the receivers say for whom it was; until they do, the tags count that this node knows.
func TestSendToTags(t *testing.T) {
	third := at(7)
	within := func(t *testing.T, w *world, d time.Duration, r Request) Receipt {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		got, err := w.Send(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, addressable(2, "role=web\n"))
		w.member(other, member.Alive, addressable(3, "role=web\n"))
		w.member(third, member.Suspected, addressable(4, "role=db\n"))
		w.member(at(4), member.Alive, member.Info{}) // plain: none of them, and sent nothing
		web := Request{To: role("web"), Wait: All}
		go func() {
			time.Sleep(time.Second)
			w.Acked(peer, 2, 1) // that says nothing of its tags
			w.report(peer, 1|reportMine)
			w.report(other, 1) // its tags have changed
			time.Sleep(time.Second)
			w.report(third, 1|reportMine)
		}()
		if r := within(t, w, time.Minute, web); r.Have != 2 || r.Members != 2 || r.Missing != nil || r.Took != 2*time.Second {
			t.Errorf("all report: %+v", r)
		}
		// Silent ones: who matches, as far as is known, is missing, the others are not.
		go func() {
			time.Sleep(time.Second)
			w.report(peer, 2|reportMine)
		}()
		if r := within(t, w, 5*time.Second, web); r.Have != 1 || r.Members != 2 || !slices.Equal(r.Missing, []netip.AddrPort{other}) || r.Took != 5*time.Second {
			t.Errorf("some are silent: %+v", r)
		}
		// A number of them.
		go func() {
			time.Sleep(time.Second)
			w.report(third, 3|reportMine)
		}()
		if r := within(t, w, 5*time.Second, Request{To: role("web"), Wait: 1}); r.Have != 1 || r.Missing != nil || r.Took != time.Second {
			t.Errorf("one of them: %+v", r)
		}
		// One that dies is not waited for; another session has nothing of what the earlier one had.
		go func() {
			time.Sleep(time.Second)
			w.report(peer, 4|reportMine)
			w.report(third, 4)
			w.member(other, member.Dead, addressable(3, "role=web\n"))
		}()
		if r := within(t, w, time.Minute, web); r.Have != 1 || r.Members != 1 || r.Missing != nil || r.Took != time.Second {
			t.Errorf("one dies: %+v", r)
		}
		w.member(other, member.Alive, addressable(3, "role=web\n"))
		go func() { // what an earlier session had does not count
			time.Sleep(time.Second)
			w.report(peer, 5|reportMine)
			time.Sleep(3 * time.Second)
			w.member(peer, member.Alive, addressable(9, "role=web\n"))
			w.report(third, 5)
			w.report(other, 5|reportMine)
		}()
		if r := within(t, w, time.Minute, web); r.Have != 1 || r.Members != 1 || r.Missing != nil || r.Took != 4*time.Second {
			t.Errorf("one restarts: %+v", r)
		}
		w.member(other, member.Dead, addressable(3, "role=web\n"))
		if r := within(t, w, time.Minute, Request{To: role("*")}); r.Members != 2 || r.Have != 0 || r.Missing != nil {
			t.Errorf("without waiting: %+v", r)
		}
		if n := w.bare[at(4)]; n > 0 {
			t.Errorf("%d went to the plain node", n)
		}
		if len(w.core.own.reports) != 0 {
			t.Errorf("%d are awaited", len(w.core.own.reports))
		}
	})
}

// TestSendToMembers: by address; those that are not live are missing, and not waited for.
func TestSendToMembers(t *testing.T) {
	inWorld(t, func(w *world) {
		var many []netip.AddrPort
		for i := range 200 {
			many = append(many, at(10+i))
			w.member(at(10+i), member.Alive, addressable(uint64(i)+10, ""))
		}
		w.member(peer, member.Alive, addressable(2, ""))
		w.member(other, member.Dead, addressable(3, ""))
		reader, sub := w.Subscribe(Query{Last: 10}, 100)
		defer sub.Unsubscribe()
		go func() {
			time.Sleep(time.Second)
			w.Acked(peer, 2, 1)
		}()
		r, err := w.Send(context.Background(), Request{To: named(peer, other, peer), Wait: All, Least: 1})
		if err != nil || r.Have != 1 || r.Members != 1 || !slices.Equal(r.Missing, []netip.AddrPort{other}) || r.Took != time.Second {
			t.Errorf("one is dead: %+v, %v", r, err)
		}
		// This node gets it if it is named, and does not count.
		if r, err = w.Send(context.Background(), Request{To: named(local.Origin), Wait: All}); err != nil || r.Have != 0 || r.Members != 0 || r.Sequence != 2 {
			t.Errorf("to this node: %+v, %v", r, err)
		}
		if d := <-sub.C(); d.Message.Sequence != 2 || len(reader) != 0 {
			t.Errorf("its reader gets %+v", d)
		}
		// More than fit into one message: each member is named in one of several.
		go func() {
			time.Sleep(time.Second)
			for i, a := range many {
				for seq := uint64(3); seq <= 4; seq++ {
					w.Acked(a, uint64(i)+10, seq)
				}
			}
		}()
		r, err = w.Send(context.Background(), Request{To: named(many...), Payload: make([]byte, 100), Wait: All})
		if err != nil || r.Have != 200 || r.Members != 200 || r.Missing != nil || r.Sequence != 4 {
			t.Errorf("200 of them: %+v, %v", r, err)
		}
	})
}

// TestSendToIsRefused, with nothing sent.
func TestSendToIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, addressable(2, "role=web\n"))
		w.member(other, member.Alive, member.Info{})
		check := func(what string, r Request, want error, text string) {
			t.Helper()
			if _, err := w.Send(context.Background(), r); !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", what, err)
			}
		}
		check("no member", Request{To: named(at(9))}, recipients.ErrUnknown, at(9).String())
		check("a plain node", Request{To: named(peer, other)}, ErrUnaddressable, other.String()+" is a plain Smudge node")
		check("too few", Request{To: role("db"), Wait: All, Least: 1}, ErrTooFew, "0 can confirm")
		check("too few of them", Request{To: role("web"), Wait: 2}, ErrTooFew, "1 can confirm")
		check("a bad pattern", Request{To: role("[")}, recipients.ErrBad, "[")
		w.cfg.MaxPayload = pieceSize
		check("too long", Request{To: role("web"), Payload: make([]byte, limits.MaxQuestion+1)}, ErrTooLarge, "at most 768")
		w.core.own.reports = reports{1: nil}
		for i := range limits.AwaitedReports / 64 {
			w.core.own.reports[uint64(i)+2] = nil
		}
		for i := range 64 {
			w.member(at(10+i), member.Alive, addressable(uint64(i)+10, ""))
		}
		check("too many wait", Request{To: role("web"), Wait: 1}, ErrBusy, "waited for")
		w.member(at(8), member.Alive, member.Info{Session: 3, Version: "v1"})
		check("an earlier version", Request{To: role("web")}, ErrUnaddressable, at(8).String()+" of an earlier version")
		if w.core.own.last != 0 {
			t.Errorf("%d were sent", w.core.own.last)
		}
		w.member(at(8), member.Alive, addressable(3, "")) // it is known only now that it can
		if _, err := w.Send(context.Background(), Request{To: role("web")}); err != nil {
			t.Error(err)
		}
	})
}
