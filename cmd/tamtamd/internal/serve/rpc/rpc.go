// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpc serves the node to programs: tamtam.v1, and beside it the 2018 API as
// a thin layer over the same things. It holds no state of the cluster, and is the
// one place where errors become gRPC statuses.
package rpc

import (
	"context"
	"net/netip"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/tap"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Node is what the services do to the cluster; *node.Node is one.
type Node interface {
	Join(ctx context.Context, addresses []string) []node.JoinResult
	Remove(ctx context.Context, address string) (member.Member, error)
	Ping(ctx context.Context, address string) (netip.AddrPort, time.Duration, error)
	Heartbeat() time.Duration
	SetHeartbeat(time.Duration) error
	Peers() map[netip.AddrPort]node.PeerState
	SetTags(set map[string]string, remove []string) (tags.Set, error)
	DetectionTime() time.Duration
}

// Members is what the services read of the member table; *member.Table is one.
type Members interface {
	Get(netip.AddrPort) (member.Member, bool)
	List() ([]member.Member, uint64)
	Watch(after *uint64, buffer int) member.Watch
	History(match func(member.Member) bool) []member.History
}

// Messages is what the services send and read; *broadcast.Broadcaster is one.
type Messages interface {
	Limit() int
	Send(context.Context, broadcast.Request) (broadcast.Receipt, error)
	Subscribe(q broadcast.Query, buffer int) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery])
}

// Keys are the keys of the cluster; *keys.Cluster is one.
type Keys interface {
	List(context.Context) ([]keys.Node, error)
	Install(context.Context, wire.Key) ([]keys.Node, error)
	Use(ctx context.Context, id string, force bool) ([]keys.Node, error)
	Remove(ctx context.Context, id string, force bool) ([]keys.Node, error)
}

// Inspector asks the members how they fare; *inspect.Inspector is one.
type Inspector interface {
	Inspect(context.Context) ([]inspect.Record, error)
}

// Threshold is the log's; *logging.Control is one.
type Threshold interface {
	Level() logging.Level
	SetLevel(logging.Level)
}

// Guard says who may call; *rpcguard.Guard is one.
type Guard interface {
	Credentials() credentials.TransportCredentials
	Admit(ctx context.Context, need rpcguard.Access) error
	// Enter counts a call in until ctx is done, before anything is read of it.
	Enter(ctx context.Context, info *tap.Info) (context.Context, error)
}

// Config says what is served. All fields are required, but for Observe, and for Guard:
// without one, everybody may call everything.
type Config struct {
	Node      Node
	Members   Members
	Messages  Messages
	Keys      Keys
	Inspector Inspector
	Threshold Threshold
	Guard     Guard
	Counters  func() map[string]uint64
	// Strangers are the machines whose packets no key opens, and when the last came.
	Strangers func() map[netip.Addr]time.Time
	// Leave says goodbye to all members, returns how many know of it and how many do
	// not, and has the daemon end.
	Leave func(context.Context) (acknowledged, missed int)

	Local       netip.AddrPort
	Started     time.Time
	ClusterName string
	Profile     string
	Build       buildinfo.Info
	Logger      log.Logger
	// Observe is called with each call that has ended; nil for nobody. The method is the
	// full one, "/tamtam.v1.TamTamService/Ping", and always one that is served.
	Observe func(method string, stream bool, code codes.Code, took time.Duration)
}

// Bounds on what one client can ask for.
const (
	// streamBuffer is how many messages or changes a reader may fall behind.
	streamBuffer = 1024
	// maxRequestBytes is far over the largest request there is.
	maxRequestBytes = 64 << 10
	// maxHeaderBytes is far over the longest token with all else that a call bears.
	// It is read before anybody knows whether there is a token.
	maxHeaderBytes = 16 << 10
	// establishWithin is how long a connection may take to say what it wants: TLS,
	// and the beginning of HTTP/2.
	establishWithin = 10 * time.Second
)
