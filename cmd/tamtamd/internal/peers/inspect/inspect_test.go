// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/descriptors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

var (
	start = time.Unix(1e9, 0)
	self  = at(1)
	alice = at(2)
	bob   = at(3)
	carol = at(4)
	dave  = at(5)
	never = at(6)
)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 9999)
}

// wire has the links that a test gives it.
type fakeWire struct {
	links     []wire.Link
	unreached []netip.AddrPort
}

func (w *fakeWire) Links() []wire.Link { return w.links }

// node is an inspector with a table of its own.
func node(t *testing.T, w *fakeWire) (*Inspector, *member.Table) {
	t.Helper()
	table := member.NewTable(self, member.Info{Session: 7, Name: "me"}, 1, func() time.Time { return start })
	i := New(Config{
		Self: member.Identity{Addr: self, Info: member.Info{Version: "v1", MaxPayload: 256}}, Members: table, Wire: w, Heartbeat: func() time.Duration { return time.Second },
		Conflicts: func() []admission.Conflict {
			return []admission.Conflict{{Addr: bob, First: carol, Second: dave}, {Addr: self}, {Addr: alice}}
		},
		Unreached:     func() []netip.AddrPort { return w.unreached },
		Keys:          func() []string { return []string{"0011223344556677"} },
		Encryption:    func() wire.Encryption { return wire.EncryptRequire },
		Descriptors:   func() descriptors.Usage { return descriptors.Usage{Limit: 64, Open: 20, Wanted: 448} },
		SmudgeVersion: "v1.0.1", Profile: "lan",
	})
	i.now = func() time.Time { return start }
	return i, table
}

func ask(t *testing.T, i *Inspector, from netip.AddrPort) *peerv1.InspectAnswer {
	t.Helper()
	a, err := i.Answer(from, &peerv1.InspectQuestion{})
	if err != nil || a.GetInspect() == nil {
		t.Fatalf("%v, %v", a, err)
	}
	return a.GetInspect()
}

func TestAnswer(t *testing.T) {
	source := netip.MustParseAddrPort("198.51.100.1:4000")
	w := &fakeWire{
		links: []wire.Link{
			{Addr: alice, RoundTrip: time.Millisecond, Sent: 1, Resent: 2, Received: 3, Duplicates: 4, Source: source, Heard: 5 * time.Millisecond},
			{Addr: dave, Heard: time.Second, Unacked: 3 * time.Second},
		},
	}
	i, table := node(t, w)
	table.Put(alice, member.Info{Session: 9})
	table.Put(bob, member.Info{Session: 10})
	table.Set(bob, member.Dead, self)
	table.Put(carol, member.Info{Session: 11})
	table.Set(carol, member.Left, carol)
	table.Put(dave, member.Info{Session: 12})
	table.Route(alice, dave)
	a := ask(t, i, alice)
	if a.GetVersion() != "v1" || a.GetMaxPayloadBytes() != 256 || a.GetHeartbeat().AsDuration() != time.Second || !a.GetSealed() || len(a.GetKeys()) != 1 ||
		!a.GetClock().AsTime().Equal(start) || a.GetAlive() != 3 || a.GetDead() != 1 || a.GetLeft() != 1 || a.GetSuspected() != 0 {
		t.Errorf("answer %v", a)
	}
	if a.GetEncryption() != "require" {
		t.Errorf("encryption %q", a.GetEncryption())
	}
	i.Encryption = func() wire.Encryption { return wire.EncryptAccept }
	if a := ask(t, i, alice); a.GetEncryption() != "accept" || a.GetSealed() || len(a.GetKeys()) != 1 {
		t.Errorf("before it encrypts: %v", a)
	}
	if a.GetAsker() != alice.String() || a.GetAskerSession() != 9 || a.GetAskerStatus() != 1 {
		t.Errorf("asker %v", a)
	}
	if k := a.GetConflicts(); len(k) != maxConflicts || k[0].GetAddress() != bob.String() || k[0].GetFirst() != carol.String() ||
		k[0].GetSecond() != dave.String() || k[1].GetFirst() != "" {
		t.Errorf("conflicts %v", k)
	}
	if l := a.GetLink(); l.GetSource() != source.String() || l.GetSent() != 1 || l.GetResent() != 2 || l.GetReceived() != 3 || l.GetDuplicates() != 4 ||
		l.GetHeardMs() != 5 || l.GetUnackedMs() != 0 || l.GetRoundTripUs() != 1000 {
		t.Errorf("link %v", l)
	}
	// Alive and deaf comes before dead, who is reached by another, too, and who has left is no
	// trouble.
	ts := a.GetTroubles()
	if len(ts) != 3 || peers.DecodeAddr(ts[0].GetVia()) != dave || ts[1].GetStatus() != 1 || ts[1].GetUnackedMs() != 3000 || ts[1].GetHeardMs() != 1000 ||
		len(ts[1].GetVia()) != 0 || ts[2].GetStatus() != 3 || ts[2].HeardMs != nil {
		t.Errorf("troubles %v", ts)
	}
	// Who is reached in no way, be it dead here or not known, comes before the other dead.
	w.unreached = []netip.AddrPort{bob, never}
	ts = ask(t, i, alice).GetTroubles()
	if len(ts) != 4 || ts[1].GetUnreached() || !ts[2].GetUnreached() || ts[2].GetStatus() != 3 || !ts[3].GetUnreached() || ts[3].GetStatus() != 0 ||
		ts[3].GetPort() != uint32(never.Port()) {
		t.Errorf("troubles with nodes that are not reached %v", ts)
	}
	w.unreached = nil

	// The digest is that of the live ones, whatever else there is.
	table.Set(dave, member.Suspected, self)
	table.Remove(carol, self, member.Removed)
	if got := ask(t, i, bob).GetDigest(); got != a.GetDigest() {
		t.Error("another digest of the same members")
	}
	table.Set(dave, member.Dead, self)
	if got := ask(t, i, bob).GetDigest(); got == a.GetDigest() {
		t.Error("the same digest of other members")
	}
}

// TestAnswerFits: whatever there is to tell, it fits into a frame.
func TestAnswerFits(t *testing.T) {
	w := &fakeWire{}
	i, table := node(t, w)
	ip := netip.MustParseAddr("2001:db8:1111:2222:3333:4444:5555:6600")
	for range 400 {
		a := netip.AddrPortFrom(ip, 65535)
		ip = ip.Next()
		table.Put(a, member.Info{Session: 1<<64 - 1})
		w.links = append(w.links, wire.Link{
			Addr: a, RoundTrip: time.Hour, Sent: 1 << 60, Resent: 1 << 60, Received: 1 << 60, Duplicates: 1 << 60,
			Source: a, Heard: 1e6 * time.Hour, Unacked: 1e6 * time.Hour,
		})
	}
	i.Self.Version, i.Profile = strings.Repeat("v", 64), "local"
	i.Keys = func() []string { return strings.Split(strings.Repeat("0011223344556677,", 7)+"0011223344556677", ",") }
	answer, err := i.Answer(w.links[0].Addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := answer.GetInspect()
	if n := proto.Size(answer); n > (wire.MaxRelayedData-8) || n < (wire.MaxRelayedData-8)-100 {
		t.Errorf("an answer of %d bytes, at most %d", n, (wire.MaxRelayedData - 8))
	}
	if len(a.GetTroubles()) < 8 || len(a.GetTroubles())+int(a.GetMoreTroubles()) != 400 {
		t.Errorf("%d troubles and %d more", len(a.GetTroubles()), a.GetMoreTroubles())
	}
}

func TestInspect(t *testing.T) {
	w := &fakeWire{links: []wire.Link{{Addr: alice, Heard: time.Second}}}
	i, table := node(t, w)
	table.Put(alice, member.Info{Session: 9})
	table.Put(bob, member.Info{Session: 10})
	table.Put(carol, member.Info{}) // plain
	table.Put(dave, member.Info{Session: 12})
	table.Set(dave, member.Dead, self)
	now := start
	i.now = func() time.Time { return now }
	silent := errors.New("it did not answer")
	i.Ask = func(ctx context.Context, to []netip.AddrPort, q *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > answerWithin {
			t.Errorf("they may answer until %v", end)
		}
		if fmt.Sprint(to) != fmt.Sprint([]netip.AddrPort{alice, bob}) || q.GetInspect() == nil {
			t.Errorf("%v are asked %v", to, q)
		}
		now = start.Add(400 * time.Millisecond)
		// Its clock is 10 s ahead, and was read in the midst of the 400 ms.
		do(alice, &peerv1.Answer{Answer: &peerv1.Answer_Inspect{Inspect: &peerv1.InspectAnswer{
			Clock: timestamppb.New(start.Add(10*time.Second + 200*time.Millisecond)),
		}}}, nil)
		do(bob, nil, silent)
		table.Set(bob, member.Dead, self) // meanwhile
		w.links[0].Unacked = 2 * time.Second
	}
	r, err := i.Inspect(t.Context())
	if err != nil || len(r) != 5 {
		t.Fatalf("%v, %v", r, err)
	}
	// The list is that of the question, and troubles are those of now.
	if mine := r[0].Report; mine.GetAlive() != 4 || mine.GetDead() != 1 || len(mine.GetTroubles()) != 3 || mine.GetTroubles()[0].GetUnackedMs() != 2000 {
		t.Errorf("this node: %v", mine)
	}
	if r[0].Report.GetVersion() != "v1" || r[0].Report.GetAsker() != "" || r[0].Measure || r[0].Err != nil {
		t.Errorf("this node: %+v", r[0])
	}
	if a := r[1]; !a.Measure || a.Offset != 10*time.Second || a.Trip != 400*time.Millisecond || a.Link == nil || a.Link.Heard != time.Second || a.Err != nil {
		t.Errorf("who answers: %+v", a)
	}
	for j, want := range map[int]error{2: silent, 3: peers.ErrPlain, 4: peers.ErrNotAlive} {
		if !errors.Is(r[j].Err, want) || r[j].Report != nil || r[j].Measure || r[j].Link != nil {
			t.Errorf("%+v, want %v", r[j], want)
		}
	}

	// An answer to something else, or without a clock that is one.
	for _, c := range []struct {
		answer *peerv1.Answer
		ok     bool
	}{
		{&peerv1.Answer{Answer: &peerv1.Answer_Keys{}}, false},
		{&peerv1.Answer{}, false},
		{&peerv1.Answer{Answer: &peerv1.Answer_Inspect{Inspect: &peerv1.InspectAnswer{}}}, true},
		{&peerv1.Answer{Answer: &peerv1.Answer_Inspect{Inspect: &peerv1.InspectAnswer{Clock: &timestamppb.Timestamp{Nanos: -1}}}}, true},
	} {
		i.Ask = func(_ context.Context, to []netip.AddrPort, _ *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
			do(alice, c.answer, nil)
		}
		if r, err = i.Inspect(t.Context()); err != nil || (r[1].Err == nil) != c.ok || r[1].Measure {
			t.Errorf("%v: %+v, %v", c.answer, r[1], err)
		}
	}
}

// TestInspectionsTakeTurns: the cluster is asked by one at a time.
func TestInspectionsTakeTurns(t *testing.T) {
	i, _ := node(t, &fakeWire{})
	asking, proceed := make(chan struct{}), make(chan struct{})
	i.Ask = func(context.Context, []netip.AddrPort, *peerv1.Question, func(netip.AddrPort, *peerv1.Answer, error)) {
		asking <- struct{}{}
		<-proceed
	}
	ended := make(chan error)
	go func() {
		_, err := i.Inspect(t.Context())
		ended <- err
	}()
	<-asking
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Inspect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a second one: %v", err)
	}
	close(proceed)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	go func() { <-asking }()
	if _, err := i.Inspect(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}
