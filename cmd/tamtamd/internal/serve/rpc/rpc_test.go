// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/tags"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
	start = time.Unix(1e9, 0)
)

// fake is a node that does as it is told.
type fake struct {
	state     *lifecycle.State
	keys      fakeKeys
	asks      *ask.Exchange
	topics    *retained.Topics
	book      *leases.Book
	table     *member.Table
	messages  *fanout.Hub[broadcast.Delivery]
	kept      []broadcast.Message
	query     broadcast.Query
	after     []byte
	feed      fakeFeed
	request   broadcast.Request
	err       error    // what calls fail with
	asked     []string // the addresses of calls
	heartbeat time.Duration
	level     logging.Level
	server    *Server
	ended     chan error
}

func (f *fake) Join(_ context.Context, addresses []string) []node.JoinResult {
	f.asked = addresses
	var results []node.JoinResult
	for _, a := range addresses {
		r := node.JoinResult{Address: a, Err: f.err}
		if a == "bad" {
			r.Err = fmt.Errorf("%w %q", node.ErrBadAddress, a)
		}
		if r.Err == nil {
			r.Members = []netip.AddrPort{alice}
		}
		results = append(results, r)
	}
	return results
}

func (f *fake) Remove(_ context.Context, a string, _ []byte, _ bool) (member.Member, error) {
	f.asked = []string{a}
	return member.Member{Addr: alice, Status: member.Dead, Since: start}, f.err
}

func (f *fake) Ping(ctx context.Context, a string) (netip.AddrPort, time.Duration, error) {
	f.asked = []string{a}
	if _, bounded := ctx.Deadline(); !bounded {
		panic("a ping without a deadline")
	}
	return alice, 3 * time.Millisecond, f.err
}

func (f *fake) Heartbeat() time.Duration     { return f.heartbeat }
func (f *fake) Unreached() []netip.AddrPort  { return []netip.AddrPort{alice} }
func (f *fake) DetectionTime() time.Duration { return 3 * time.Second }

func (f *fake) SetHeartbeat(d time.Duration) error {
	if f.err == nil {
		f.heartbeat = d
	}
	return f.err
}

func (f *fake) Peers() map[netip.AddrPort]node.PeerState {
	return map[netip.AddrPort]node.PeerState{alice: {Age: time.Second, EmitCounter: 2, PingMillis: 7, Timestamp: 99, RoundTrip: 7 * time.Millisecond}}
}

func (f *fake) SetTags(set map[string]string, remove []string) (tags.Set, error) {
	f.asked = remove
	return set, f.err
}

func (f *fake) Level() logging.Level     { return f.level }
func (f *fake) SetLevel(l logging.Level) { f.level = l }

func (f *fake) Limit() int          { return 256 }
func (f *fake) AddressedLimit() int { return 99 }

func (f *fake) Send(ctx context.Context, r broadcast.Request) (broadcast.Receipt, error) {
	f.request = r
	if _, bounded := ctx.Deadline(); !bounded {
		panic("a broadcast without a deadline")
	}
	return broadcast.Receipt{
		Stream: broadcast.Stream{Origin: self, Session: 7}, Sequence: 5, Members: 2, Have: 1,
		Missing: []netip.AddrPort{bob}, Took: time.Second,
	}, f.err
}

func (f *fake) Read(q broadcast.Query, after []byte, _ int) (broadcast.Feed, error) {
	f.query, f.after = q, after
	return &f.feed, f.err
}

func (f *fake) Subscribe(q broadcast.Query, buffer int) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery]) {
	f.query = q
	return f.kept, f.messages.Subscribe(buffer)
}

// serve serves a fake, and returns a connection to it.
func serve(t *testing.T) (*fake, *grpc.ClientConn) {
	t.Helper()
	return serveBehind(t, nil)
}

// serveBehind serves a fake behind a guard.
func serveBehind(t *testing.T, g Guard) (*fake, *grpc.ClientConn) {
	t.Helper()
	f := &fake{
		table:    member.NewTable(self, member.Info{Session: 7, Name: "me", Version: "v1"}, 100, func() time.Time { return start }),
		messages: fanout.New[broadcast.Delivery](), heartbeat: 500 * time.Millisecond, level: logging.Info,
		ended: make(chan error, 1),
	}
	f.state = lifecycle.New(func() time.Time { return start })
	f.state.Advance(lifecycle.Joining)
	f.state.Advance(lifecycle.Joined)
	f.table.Put(alice, member.Info{Session: 8, Name: "alice", Version: "v2", Tags: "role=web\nzone=b\n"})
	f.table.Set(alice, member.Suspected, bob)
	f.asks = ask.New(ask.Config{
		Self:         member.Identity{Addr: self, Info: member.Info{Session: 7, Name: "me"}},
		SendQuestion: func(netip.AddrPort, []byte) bool { return true }, SendAnswer: func(netip.AddrPort, []byte) bool { return true },
		Flush: func() {}, Random: rand.Uint64,
	})
	f.topics = retained.New(retained.Config{
		Self: self, Send: func(netip.AddrPort, []byte) bool { return true }, Flush: func() {},
		Deliver: func(v retained.Value) { f.messages.Publish(broadcast.Delivery{Message: node.RetainedMessage(v)}) },
	})
	f.book = leases.New(nil, f.SetTags)
	f.server = NewServer(Config{
		Node: f, Members: f.table, Messages: f, Topics: f.topics, Asks: f.asks, Leases: f.book, Keys: &f.keys, Threshold: f, Guard: g, Inspector: f,
		Strangers: func() map[netip.Addr]time.Time {
			return map[netip.Addr]time.Time{bob.Addr(): time.Now(), self.Addr(): time.Now().Add(-time.Hour)}
		},
		RefusedPlain: func() map[netip.Addr]time.Time {
			return map[netip.Addr]time.Time{alice.Addr(): time.Now(), self.Addr(): time.Now().Add(-time.Hour)}
		},
		Counters: func() map[string]uint64 { return map[string]uint64{"a": 1} },
		Minutes: func() []counter.Minute {
			return []counter.Minute{{Start: time.Unix(60, 0), Took: time.Minute, Grown: map[string]uint64{"a": 3}}}
		},
		State: f.state,
		Links: func(context.Context) (*reach.Matrix, error) {
			return &reach.Matrix{Time: start, Omitted: 3, Nodes: []reach.Node{
				{Addr: self, Name: "me", Links: []wire.Link{{}, {Addr: alice, RoundTrip: time.Millisecond, RecentFrames: 200, RecentLost: 50}, {}, {Addr: bob, RecentFrames: 49, RecentLost: 49}}},
				{Addr: alice, Err: errors.New("no answer")}, {Addr: alice}, {Addr: bob},
			}}, nil
		},
		LinksBetween: func(_ context.Context, from, to []netip.AddrPort) (*reach.Matrix, error) {
			if len(from) == 0 {
				return nil, fmt.Errorf("%w: none", reach.ErrBad)
			}
			return &reach.Matrix{Time: start, Nodes: []reach.Node{
				{Addr: from[0], Links: []wire.Link{{}, {Addr: to[0], RoundTrip: 2 * time.Millisecond, Via: bob}}}, {Addr: to[0]},
			}}, nil
		},
		Self: member.Identity{Addr: self, Cluster: "c"}, Started: start, Profile: "lan",
		Leave: func(context.Context) (int, int) { return 2, 1 },
		Build: buildinfo.Info{Version: "v1", Commit: "abc", Go: "go1", Smudge: "v1.0.1"}, Logger: log.NewNopLogger(),
	})
	l := bufconn.Listen(1 << 16)
	go func() { f.ended <- f.server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return l.Dial() }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		f.server.Stop(time.Minute)
	})
	return f, conn
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func code(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestV1Calls(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)

	n, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
	if err != nil || n.GetMember().GetAddress() != self.String() || !n.GetMember().GetLocal() || n.GetClusterName() != "c" ||
		n.GetMaxPayloadBytes() != 256 || !n.GetStarted().AsTime().Equal(start) || n.GetMember().RoundTrip != nil ||
		n.GetMember().GetName() != "me" || n.GetMember().GetSession() != 7 || n.GetMember().GetVersion() != "v1" || n.GetMember().GetPlain() ||
		n.GetProfile() != "lan" || n.GetDetectionTime().AsDuration() != 3*time.Second {
		t.Errorf("GetLocalNode: %v, %v", n, err)
	}
	l, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil || len(l.GetMembers()) != 2 || l.GetRevision() != 102 ||
		l.GetMembers()[1].GetStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED ||
		l.GetMembers()[1].GetName() != "alice" || l.GetMembers()[1].RoundTrip != nil {
		t.Errorf("ListMembers: %v, %v", l, err)
	}
	l, err = c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Statuses: []tamtamv1.MemberStatus{tamtamv1.MemberStatus_MEMBER_STATUS_DEAD}})
	if err != nil || len(l.GetMembers()) != 0 {
		t.Errorf("ListMembers, dead: %v, %v", l, err)
	}
	_, err = c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Statuses: []tamtamv1.MemberStatus{0}})
	code(t, err, codes.InvalidArgument)

	j, err := c.Join(ctx, &tamtamv1.JoinRequest{Addresses: []string{"good", "bad"}})
	if err != nil || len(j.GetResults()) != 2 || j.GetResults()[0].GetMembers()[0] != alice.String() || j.GetResults()[1].GetError() == "" {
		t.Errorf("Join: %v, %v", j, err)
	}
	_, err = c.Join(ctx, &tamtamv1.JoinRequest{Addresses: []string{"bad", "bad"}})
	code(t, err, codes.InvalidArgument)
	for _, n := range []int{0, limits.MaxJoin + 1} {
		_, err = c.Join(ctx, &tamtamv1.JoinRequest{Addresses: make([]string, n)})
		code(t, err, codes.InvalidArgument)
	}
	left, err := c.Leave(ctx, &tamtamv1.LeaveRequest{})
	if err != nil || left.GetAcknowledged() != 2 || left.GetUnacknowledged() != 1 {
		t.Errorf("Leave: %v, %v", left, err)
	}
	v, err := c.RemoveMember(ctx, &tamtamv1.RemoveMemberRequest{Address: "x"})
	if err != nil || v.GetMember().GetAddress() != alice.String() || f.asked[0] != "x" {
		t.Errorf("RemoveMember: %v, %v", v, err)
	}
	p, err := c.Ping(context.Background(), &tamtamv1.PingRequest{Address: "y"})
	if err != nil || p.GetAddress() != alice.String() || p.GetRoundTrip().AsDuration() != 3*time.Millisecond || f.asked[0] != "y" {
		t.Errorf("Ping: %v, %v", p, err)
	}
	b, err := c.Broadcast(ctx, &tamtamv1.BroadcastRequest{Payload: []byte("hi"), Topic: "t", NoWait: true})
	if err != nil || b.GetSentTo() != 2 || b.GetHave() != 1 || b.GetSession() != 7 || b.GetSequence() != 5 ||
		b.GetMissing()[0] != bob.String() || b.GetTook().AsDuration() != time.Second ||
		string(f.request.Payload) != "hi" || f.request.Topic != "t" || !f.request.NoWait || f.request.Wait != 0 {
		t.Errorf("Broadcast: %v, %v, asked for %+v", b, err, f.request)
	}
	for _, k := range []struct {
		r       *tamtamv1.BroadcastRequest
		want    int
		missing int
	}{
		{&tamtamv1.BroadcastRequest{Wait: &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}, MinMembers: 4}, broadcast.All, 2},
		{&tamtamv1.BroadcastRequest{Wait: &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: 3}}, 3, 1},
	} {
		if b, err := c.Broadcast(ctx, k.r); err != nil || f.request.Wait != k.want || f.request.Least != int(k.r.GetMinMembers()) || len(b.GetMissing()) != k.missing {
			t.Errorf("%v: waits for %d, %v", k.r, f.request.Wait, err)
		}
	}
	w, err := c.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
	if err != nil || w.GetVersion() != "v1" || w.GetCommit() != "abc" || w.GetGoVersion() != "go1" || w.GetSmudgeVersion() != "v1.0.1" {
		t.Errorf("GetVersion: %v, %v", w, err)
	}
	if m, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{}); err != nil || m.GetCounters()["a"] != 1 || m.GetHistory() != nil {
		t.Errorf("GetCounters: %v, %v", m, err)
	}
	m, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{History: true})
	if h := m.GetHistory(); err != nil || len(h) != 1 || h[0].GetIncrements()["a"] != 3 || h[0].GetDuration().AsDuration() != time.Minute || h[0].GetStart().AsTime().Unix() != 60 {
		t.Errorf("GetCounters with the history: %v, %v", m, err)
	}
}

func Test2018Calls(t *testing.T) {
	f, conn := serve(t)
	c, ctx := service.NewTamTamClient(conn), within(t)
	for _, k := range []struct {
		ip   string
		port uint32
		want string
	}{
		{"192.0.2.2", 7, "192.0.2.2:7"}, {"host", 0, "host"}, {"2001:db8::1", 7, "[2001:db8::1]:7"}, {"[2001:db8::1]", 0, "2001:db8::1"},
	} {
		r, err := c.Join(ctx, &service.NodeAddress{IP: k.ip, Port: k.port})
		if err != nil || r.GetCode() != service.Response_OK || f.asked[0] != k.want {
			t.Errorf("Join(%s, %d): %v, %v, asked for %v", k.ip, k.port, r, err, f.asked)
		}
	}
	l, err := c.Nodes(ctx, &service.Empty{})
	if err != nil || len(l.GetNodes()) != 2 {
		t.Fatalf("Nodes: %v, %v", l, err)
	}
	n := l.GetNodes()[1]
	if n.GetAddress().GetIP() != "192.0.2.2" || n.GetAddress().GetPort() != 9999 || n.GetStatus() != service.Node_SUSPECTED ||
		n.GetAge() != 1000 || n.GetEmitCounter() != 2 || n.GetPingMillis() != 7 || n.GetTimestamp() != 99 {
		t.Errorf("Nodes: %v", n)
	}
	if l, err = c.Healthy(ctx, &service.Empty{}); err != nil || len(l.GetNodes()) != 1 || l.GetNodes()[0].GetPingMillis() != -1 {
		t.Errorf("Healthy: %v, %v", l, err)
	}
	if _, err = c.SetHeartbeat(ctx, &service.Heartbeat{Millis: 250}); err != nil || f.heartbeat != 250*time.Millisecond {
		t.Errorf("SetHeartbeat: %v, %v", f.heartbeat, err)
	}
	for level, want := range map[service.LogLevel_Level]logging.Level{
		service.LogLevel_ALL: logging.Trace, service.LogLevel_TRACE: logging.Trace, service.LogLevel_DEBUG: logging.Debug,
		service.LogLevel_INFO: logging.Info, service.LogLevel_WARN: logging.Warn, service.LogLevel_ERROR: logging.Error,
		service.LogLevel_FATAL: logging.Error, service.LogLevel_OFF: logging.Off,
	} {
		if _, err = c.SetLogThreshold(ctx, &service.LogLevel{Level: level}); err != nil || f.level != want {
			t.Errorf("SetLogThreshold(%v): %v, %v", level, f.level, err)
		}
	}
	_, err = c.SetLogThreshold(ctx, &service.LogLevel{Level: 8})
	code(t, err, codes.InvalidArgument)
	if a, err := c.LocalAddress(ctx, &service.Empty{}); err != nil || a.GetIP() != "192.0.2.1" || a.GetPort() != 9999 {
		t.Errorf("LocalAddress: %v, %v", a, err)
	}

	// Errors are statuses, never a Response of ERROR.
	f.err = node.ErrNoAnswer
	_, err = c.Join(ctx, &service.NodeAddress{IP: "x"})
	code(t, err, codes.DeadlineExceeded)
	_, err = c.Ping(ctx, &service.NodeAddress{IP: "x"})
	code(t, err, codes.DeadlineExceeded)
	_, err = c.Leave(ctx, &service.NodeAddress{IP: "x"})
	code(t, err, codes.DeadlineExceeded)
	_, err = c.Broadcast(ctx, &service.Message{})
	code(t, err, codes.DeadlineExceeded)
}
