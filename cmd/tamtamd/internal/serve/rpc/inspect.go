// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// unreadableFor is how long after its last packet that was dropped a source is listed.
	unreadableFor = time.Minute
	// maxUnreadable bounds the sources that are listed.
	maxUnreadable = 32
)

func (s *v1) Inspect(ctx context.Context, _ *tamtamv1.InspectRequest) (*tamtamv1.InspectResponse, error) {
	records, err := s.Inspector.Inspect(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	states := s.Node.Peers()
	now := time.Now()
	out := &tamtamv1.InspectResponse{Unreadable: sources(s.Strangers(), now), RefusedPlain: sources(s.RefusedPlain(), now), Removal: toRemoval(s.State.Removal()), Retained: retainedUse(s.Topics.Values())}
	for _, r := range records {
		one := &tamtamv1.Inspection{Member: toMember(r.Member, states[r.Member.Addr]), Link: toLink(r.Link)}
		one.Answered = r.Report != nil || errors.Is(r.Err, peers.ErrRefused)
		if r.Err != nil {
			one.Error = r.Err.Error()
		}
		if r.Report != nil {
			one.Report = toReport(r)
		}
		if r.Measure {
			one.RoundTrip, one.ClockOffset = durationpb.New(r.Trip), durationpb.New(r.Offset)
		}
		out.Members = append(out.Members, one)
	}
	return out, nil
}

func toReport(r inspect.Record) *tamtamv1.InspectionReport {
	a := r.Report
	out := &tamtamv1.InspectionReport{
		Version: a.GetVersion(), SmudgeVersion: a.GetSmudgeVersion(), MaxPayloadBytes: a.GetMaxPayloadBytes(),
		Profile: a.GetProfile(), Heartbeat: a.GetHeartbeat(), Sealed: a.GetSealed(), Encryption: a.GetEncryption(), Keys: a.GetKeys(),
		Alive: a.GetAlive(), Suspected: a.GetSuspected(), Dead: a.GetDead(), Left: a.GetLeft(), Digest: a.GetDigest(), DeadDigest: a.GetDeadDigest(),
		DescriptorLimit: a.GetDescriptorLimit(), DescriptorsOpen: a.GetDescriptorsOpen(), DescriptorsWanted: a.GetDescriptorsWanted(),
		KnownAddress: a.GetAsker(), KnownSession: a.GetAskerSession(), KnownStatus: toPeerStatus(a.GetAskerStatus()),
		Link: toLink(peers.DecodeLink(netip.AddrPort{}, a.GetLink())), MoreTroubles: a.GetMoreTroubles(),
	}
	for _, k := range a.GetConflicts() {
		if isAddr(k.GetAddress()) && (k.GetFirst() == "" || isAddr(k.GetFirst())) && (k.GetSecond() == "" || isAddr(k.GetSecond())) {
			out.Conflicts = append(out.Conflicts, &tamtamv1.AddressConflict{Address: k.GetAddress(), First: k.GetFirst(), Second: k.GetSecond()})
		}
	}
	for _, t := range a.GetTroubles() {
		ip, ok := netip.AddrFromSlice(t.GetIp())
		if !ok || t.GetPort() > limits.MaxPort {
			continue // not an address
		}
		one := &tamtamv1.LinkTrouble{
			Address: netip.AddrPortFrom(ip, uint16(t.GetPort())).String(),
			Status:  toPeerStatus(t.GetStatus()), Unacknowledged: ofMillis(t.GetUnackedMs()), Unreached: t.GetUnreached(),
		}
		if via := peers.DecodeAddr(t.GetVia()); via.IsValid() {
			one.Via = via.String()
		}
		if t.HeardMs != nil {
			one.Heard = ofMillis(t.GetHeardMs())
		}
		out.Troubles = append(out.Troubles, one)
	}
	return out
}

// isAddr reports whether a text of another node is an address.
func isAddr(text string) bool {
	_, err := netip.ParseAddrPort(text)
	return err == nil
}

// toPeerStatus returns the status that another node reports, unspecified if it is not
// known here: the other node may run a newer version.
func toPeerStatus(n uint32) tamtamv1.MemberStatus {
	if _, ok := tamtamv1.MemberStatus_name[int32(n)]; !ok {
		return 0
	}
	return tamtamv1.MemberStatus(n)
}

func toLink(l *wire.Link) *tamtamv1.LinkState {
	if l == nil {
		return nil
	}
	out := &tamtamv1.LinkState{
		Sent: l.Sent, Resent: l.Resent, Received: l.Received, Duplicates: l.Duplicates,
		Heard: durationpb.New(l.Heard), Unacknowledged: durationpb.New(l.Unacked),
	}
	if share, known := l.Loss(); known {
		out.Loss = &share
	}
	out.LossFrames = l.RecentFrames
	if l.Source.IsValid() {
		out.Source = l.Source.String()
	}
	if l.RoundTrip > 0 {
		out.RoundTrip = durationpb.New(l.RoundTrip)
	}
	return out
}

func ofMillis(ms uint32) *durationpb.Duration {
	return durationpb.New(time.Duration(ms) * time.Millisecond)
}

// sources lists the sources of packets that were dropped, the latest first.
func sources(strangers map[netip.Addr]time.Time, now time.Time) []*tamtamv1.UnreadableSource {
	var all []*tamtamv1.UnreadableSource
	for a, at := range strangers {
		if age := now.Sub(at); age <= unreadableFor {
			all = append(all, &tamtamv1.UnreadableSource{Ip: a.String(), Age: durationpb.New(age)})
		}
	}
	slices.SortFunc(all, func(a, b *tamtamv1.UnreadableSource) int {
		return cmp.Or(
			cmp.Compare(a.GetAge().AsDuration(), b.GetAge().AsDuration()), cmp.Compare(a.GetIp(), b.GetIp()))
	})
	return all[:min(len(all), maxUnreadable)]
}
