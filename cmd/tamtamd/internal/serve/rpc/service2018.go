// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/proto/service"
)

// service2018 serves the API of the 2018 program.
type service2018 struct {
	service.UnimplementedTamTamServer
	Config
}

var _ service.TamTamServer = (*service2018)(nil)

// done returns the response of a call without a result. Errors are gRPC statuses; the
// code in the response is always OK.
func done(err error) (*service.Response, error) {
	if err != nil {
		return nil, toStatus(err)
	}
	return &service.Response{Code: service.Response_OK}, nil
}

// address returns a NodeAddress as text that package node can parse.
func address(a *service.NodeAddress) string {
	ip := strings.Trim(a.GetIP(), "[]")
	if a.GetPort() == 0 {
		return ip
	}
	return net.JoinHostPort(ip, strconv.FormatUint(uint64(a.GetPort()), 10))
}

func (s *service2018) Join(ctx context.Context, a *service.NodeAddress) (*service.Response, error) {
	_, err := join(ctx, s.Node, []string{address(a)})
	return done(err)
}

func (s *service2018) Leave(ctx context.Context, a *service.NodeAddress) (*service.Response, error) {
	m, err := s.Node.Remove(ctx, address(a), nil, false)
	if err == nil {
		s.Members.Credit(m.Addr, rpcguard.CallerOf(ctx).String())
	}
	return done(err)
}

func (s *service2018) Ping(ctx context.Context, a *service.NodeAddress) (*service.Response, error) {
	_, _, err := s.Node.Ping(ctx, address(a))
	return done(err)
}

func (s *service2018) Broadcast(ctx context.Context, m *service.Message) (*service.Response, error) {
	_, err := s.Messages.Send(ctx, broadcast.Request{Payload: m.GetBytes()})
	return done(err)
}

func (s *service2018) Stream(_ *service.Empty, out grpc.ServerStreamingServer[service.Message]) error {
	_, sub := s.Messages.Subscribe(broadcast.Query{}, streamBuffer)
	defer sub.Unsubscribe()
	if err := out.SendHeader(nil); err != nil {
		return err
	}
	return forward(out.Context(), sub, func(d broadcast.Delivery) error {
		if d.Gap.To != 0 || d.Message.Retained {
			return nil // the API of 2018 has no gaps and no retained topics
		}
		return out.Send(&service.Message{Bytes: d.Message.Payload})
	})
}

func (s *service2018) Monitor(_ *service.Empty, out grpc.ServerStreamingServer[service.Node]) error {
	w := s.Members.Watch(nil, streamBuffer)
	defer w.Changes.Unsubscribe()
	if err := out.SendHeader(nil); err != nil {
		return err
	}
	return forward(out.Context(), w.Changes, func(c member.Change) error {
		if c.Removed || c.Member.Status == c.Previous {
			return nil // the API of 2018 has no such event
		}
		return out.Send(s.node(c.Member, s.Node.Peers()))
	})
}

func (s *service2018) Nodes(context.Context, *service.Empty) (*service.NodeList, error) {
	return s.list(func(member.Member) bool { return true }), nil
}

func (s *service2018) Healthy(context.Context, *service.Empty) (*service.NodeList, error) {
	return s.list(func(m member.Member) bool { return m.Status == member.Alive }), nil
}

func (s *service2018) list(wanted func(member.Member) bool) *service.NodeList {
	states := s.Node.Peers()
	members, _ := s.Members.List()
	list := &service.NodeList{}
	for _, m := range members {
		if wanted(m) {
			list.Nodes = append(list.Nodes, s.node(m, states))
		}
	}
	return list
}

func (s *service2018) node(m member.Member, states map[netip.AddrPort]node.PeerState) *service.Node {
	state, ok := states[m.Addr]
	if !ok { // this node itself, or a member that has just been removed
		state = node.PeerState{
			Age:        time.Since(m.Since),
			PingMillis: -1,
			Timestamp:  uint32(m.Since.UnixMilli()),
		}
	}
	return &service.Node{
		Address:     nodeAddress(m.Addr),
		Age:         uint32(state.Age.Milliseconds()),
		EmitCounter: state.EmitCounter,
		PingMillis:  state.PingMillis,
		Timestamp:   state.Timestamp,
		Status:      status2018(m.Status),
	}
}

// status2018 returns the status of the 2018 API, in which a member that has left is dead.
func status2018(s member.Status) service.Node_Status {
	switch s {
	case member.Alive:
		return service.Node_ALIVE
	case member.Suspected:
		return service.Node_SUSPECTED
	case member.Dead, member.Left:
		return service.Node_DEAD
	default:
		return service.Node_UNKNOWN
	}
}

func nodeAddress(a netip.AddrPort) *service.NodeAddress {
	return &service.NodeAddress{IP: a.Addr().String(), Port: uint32(a.Port())}
}

func (s *service2018) SetHeartbeat(_ context.Context, h *service.Heartbeat) (*service.Response, error) {
	return done(s.Node.SetHeartbeat(time.Duration(h.GetMillis()) * time.Millisecond))
}

// levels2018 are in the order of their numbers in the 2018 API, from 0.
var levels2018 = []logging.Level{
	logging.Trace, logging.Trace, logging.Debug, logging.Info,
	logging.Warn, logging.Error, logging.Error, logging.Off,
}

func (s *service2018) SetLogThreshold(_ context.Context, l *service.LogLevel) (*service.Response, error) {
	n := l.GetLevel()
	if n < 0 || int(n) >= len(levels2018) {
		return done(fmt.Errorf("%w: unknown log level %d: want 0 (ALL) to 7 (OFF)", errInvalid, n))
	}
	s.Threshold.SetLevel(levels2018[n])
	return done(nil)
}

func (s *service2018) LocalAddress(context.Context, *service.Empty) (*service.NodeAddress, error) {
	return nodeAddress(s.Self.Addr), nil
}
