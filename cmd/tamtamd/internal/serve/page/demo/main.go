// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Demo serves the status page of a made-up cluster with an hour of history: to work on the
// page, and for its picture in the guide. The member table and the page are the real ones.
//
//	go run ./cmd/tamtamd/internal/serve/page/demo [-nodes 9] [-http localhost:6263]
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/page"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func main() {
	nodes := flag.Int("nodes", 9, "members, 9 to 500")
	address := flag.String("http", "localhost:6263", "host:port to serve on")
	flag.Parse()
	if err := run(*nodes, *address); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(nodes int, address string) error {
	l, err := web.Listen(address, false, web.MaxConnections)
	if err != nil {
		return err
	}
	now := time.Now()
	table := past(nodes, now)
	state := lifecycle.New(func() time.Time { return now.Add(-3 * 24 * time.Hour) })
	state.Advance(lifecycle.Joined)
	p := page.New(page.Config{
		Members: table, Messages: &messages{hub: fanout.New[broadcast.Delivery](), kept: sent(now)}, State: state,
		Links:   func(context.Context) (*reach.Matrix, error) { return matrix(table), nil },
		Inspect: func(context.Context) (*tamtamv1.InspectResponse, error) { return inspected(table), nil },
		Self:    member.Identity{Addr: at(1), Cluster: "prod-eu", Info: member.Info{Name: "web-1", Version: version}}, Sealed: func() bool { return true },
		Started: now.Add(-3 * 24 * time.Hour), Now: time.Now,
	})
	fmt.Println(l.Addr())
	return web.NewServer(l, web.Config{
		State: state, Live: func() error { return nil }, Alive: func() int { return nodes },
		Metrics: http.NotFoundHandler(), Page: p, Name: "localhost", Logger: log.NewNopLogger(),
	}).Serve()
}

const version = "v2.0.0"

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 20, byte(i >> 8), byte(i)}), 9999)
}

func info(i int, session uint64) member.Info {
	role, n := "db", i-6
	if i <= 6 {
		role, n = "web", i
	}
	return member.Info{
		Session: session, Name: fmt.Sprintf("%s-%d", role, n), Version: version, MaxPayload: 1024,
		Tags: fmt.Sprintf("role=%s\nzone=eu-%c\n", role, 'a'+rune(i%3)),
	}
}

// past returns a table with the changes of the hour before now.
func past(nodes int, now time.Time) *member.Table {
	clock := now.Add(-26 * time.Hour)
	table := member.NewTable(at(1), info(1, 1), 1, func() time.Time { return clock })
	for i := 2; i <= nodes; i++ {
		clock = clock.Add(time.Second)
		table.Put(at(i), info(i, 1))
	}
	ago := func(minutes float64, do func()) {
		clock = now.Add(-time.Duration(minutes * float64(time.Minute)))
		do()
	}
	fails := func(i, by int, from, until float64) { // minutes ago
		ago(from, func() { table.Set(at(i), member.Suspected, at(by)) })
		ago(from-0.1, func() { table.Set(at(i), member.Dead, at(by)) })
		if until > 0 {
			ago(until, func() { table.Put(at(i), info(i, 2)) })
		}
	}
	blinks := func(i, by int, from float64) {
		ago(from, func() { table.Set(at(i), member.Suspected, at(by)) })
		ago(from-0.06, func() { table.Set(at(i), member.Alive, at(i)) })
	}
	ago(54, func() { table.Put(at(2), info(2, 2)) }) // restarts of a rolling upgrade
	ago(52, func() { table.Put(at(3), info(3, 2)) })
	ago(50, func() { table.Put(at(4), info(4, 2)) })
	fails(5, 3, 47, 39)
	blinks(8, 2, 33)
	ago(26, func() { table.Put(at(nodes+1), info(6, 1)) }) // a machine that will be removed
	ago(25, func() { table.Set(at(nodes+1), member.Left, at(nodes+1)) })
	blinks(8, 1, 21)
	blinks(8, 4, 9)
	fails(7, 2, 6.2, 0)
	blinks(8, 1, 0.55)
	ago(0.12, func() { table.Set(at(8), member.Suspected, at(5)) })
	ago(0, func() {})
	return table
}

// matrix makes up links. Those to db-2, the eighth node, are bad.
func matrix(table *member.Table) *reach.Matrix {
	members, _ := table.List()
	m := &reach.Matrix{Time: time.Now(), Own: map[netip.AddrPort]wire.Link{}}
	var live []int
	for i, mem := range members {
		switch {
		case !mem.Status.Live():
		case len(m.Nodes) == reach.MaxNodes:
			m.Omitted++
		default:
			live = append(live, i+1)
			m.Nodes = append(m.Nodes, reach.Node{Addr: mem.Addr, Name: mem.Name})
		}
	}
	for i, mem := range members {
		if mem.Status.Live() && i > 0 {
			m.Own[mem.Addr] = made(1, i+1)
		}
	}
	for i, from := range live {
		for _, to := range live {
			l := wire.Link{}
			if from != to {
				l = made(from, to)
			}
			m.Nodes[i].Links = append(m.Nodes[i].Links, l)
		}
	}
	return m
}

func made(from, to int) wire.Link {
	apart := math.Abs(float64(from%3 - to%3)) // zones
	trip := 0.31 + 0.74*apart + 0.13*float64((from*to)%7)/7
	l := wire.Link{Addr: at(to), RoundTrip: time.Duration(trip * float64(time.Millisecond)), Sent: 240, Window: time.Minute, RecentFrames: 240}
	if from == 8 || to == 8 {
		l.Resent = uint64(18 + 7*((from+to)%5))
		l.RecentLost = l.Resent
		l.RoundTrip *= 3
	}
	if from == 8 && to == 5 {
		return wire.Link{}
	}
	if from == 3 && to == 9 {
		l.Resent, l.RecentLost = 7, 7
	}
	return l
}

// inspected makes up an inspection, in which db-2 sees another list of members, and loses much.
func inspected(table *member.Table) *tamtamv1.InspectResponse {
	members, _ := table.List()
	r := &tamtamv1.InspectResponse{}
	for i, m := range members {
		one := &tamtamv1.Inspection{Member: &tamtamv1.Member{
			Address: m.Addr.String(), Name: m.Name, Local: m.Local, Flapping: m.Flapping, Version: m.Version, Session: m.Session,
			Status: tamtamv1.MemberStatus(tamtamv1.MemberStatus_value["MEMBER_STATUS_"+m.Status.String()]),
		}}
		r.Members = append(r.Members, one)
		if !m.Status.Live() {
			continue
		}
		one.Answered = !m.Local
		one.Report = &tamtamv1.InspectionReport{
			Version: version, Profile: "lan", Heartbeat: durationpb.New(500 * time.Millisecond), MaxPayloadBytes: 1024,
			Sealed: true, Encryption: "require", Keys: []string{"k1"}, Alive: uint32(len(members) - 1), Digest: 42,
			KnownAddress: at(1).String(), KnownSession: 1,
		}
		if i == 7 {
			one.Report.Digest, one.Report.Alive = 43, one.Report.GetAlive()-1
		}
		if !m.Local {
			l := made(1, i+1)
			one.Link = &tamtamv1.LinkState{
				Source: m.Addr.String(), Sent: l.Sent, Resent: l.Resent, Received: l.Sent, RoundTrip: durationpb.New(l.RoundTrip),
				Heard: durationpb.New(time.Second / 10), Unacknowledged: durationpb.New(0),
			}
			if lost, known := l.Loss(); known {
				one.Link.Loss, one.Link.LossFrames = &lost, l.RecentFrames
			}
			none := 0.0
			one.Report.Link = &tamtamv1.LinkState{Source: at(1).String(), Sent: 240, Received: 240, Loss: &none, LossFrames: 240}
			one.RoundTrip, one.ClockOffset = durationpb.New(l.RoundTrip), durationpb.New(0)
		}
	}
	return r
}

// messages has some broadcasts of the past, and no new ones.
type messages struct {
	hub  *fanout.Hub[broadcast.Delivery]
	kept []broadcast.Message
}

func (m *messages) Subscribe(
	_ broadcast.Query, buffer int,
) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery]) {
	return m.kept, m.hub.Subscribe(buffer)
}

func sent(now time.Time) (all []broadcast.Message) {
	for i, m := range []struct {
		seconds int
		from    int
		topic   string
		bytes   int
	}{
		{2340, 1, "deploy", 212}, {2100, 2, "deploy", 212}, {1980, 3, "deploy", 212},
		{1260, 9, "backup", 61}, {700, 9, "backup", 64}, {372, 2, "failover", 148}, {371, 9, "failover", 96},
		{195, 1, "config", 512}, {61, 4, "cache", 33}, {12, 4, "cache", 33},
	} {
		all = append(all, broadcast.Message{
			Stream:   broadcast.Stream{Origin: at(m.from), Session: 1},
			Sequence: uint64(40 + 3*i), Topic: m.topic, Payload: make([]byte, m.bytes),
			Received: now.Add(-time.Duration(m.seconds) * time.Second),
		})
	}
	return all
}
