// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpc serves the gRPC APIs: tamtam.v1, and the 2018 API as a thin layer over the
// same interfaces. It holds no state of the cluster. Errors become gRPC statuses only
// here.
package rpc

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/stats"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Node is what the services need of a node; *node.Node is one.
type Node interface {
	Join(ctx context.Context, addresses []string) []node.JoinResult
	Remove(ctx context.Context, address string, signature []byte, endedOnly bool) (member.Member, error)
	Ping(ctx context.Context, address string) (netip.AddrPort, time.Duration, error)
	Heartbeat() time.Duration
	SetHeartbeat(time.Duration) error
	Peers() map[netip.AddrPort]node.PeerState
	DetectionTime() time.Duration
	Unreached() []netip.AddrPort
}

// Members is what the services need of the member table; *member.Table is one.
type Members interface {
	Get(netip.AddrPort) (member.Member, bool)
	List() ([]member.Member, uint64)
	Watch(after *uint64, buffer int) member.Watch
	History(match func(member.Member) bool) []member.History
	Credit(a netip.AddrPort, caller string)
}

// Messages is what the services need of broadcasts; *broadcast.Broadcaster is one.
type Messages interface {
	Limit() int
	AddressedLimit() int
	Send(context.Context, broadcast.Request) (broadcast.Receipt, error)
	Read(q broadcast.Query, after []byte, buffer int) (broadcast.Feed, error)
	Subscribe(q broadcast.Query, buffer int) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery])
}

// Topics are the retained topics; *retained.Topics is one.
type Topics interface {
	Set(context.Context, retained.Request) (retained.Receipt, error)
	Values() []retained.Value
	Since(revision uint64) (values []retained.Value, last uint64)
}

// Leases has the tags of the node, and the services of programs among them; *leases.Book is one.
type Leases interface {
	SetTags(set map[string]string, remove []string) (tags.Set, error)
	Open() (*leases.Lease, error)
	Done() <-chan struct{} // closed when all leases must end
	Expired()
}

// Asks carries the questions of users, and the answers of programs; *ask.Exchange is one.
type Asks interface {
	Query(ask.Request) (*ask.Feed, int, error)
	Register(topics []string, share bool) (*ask.Feed, error)
	Name(netip.AddrPort) string
}

// Keys changes and lists the keys of all members; *keys.Cluster is one.
type Keys interface {
	List(context.Context) ([]keys.Node, error)
	Install(context.Context, wire.Key, keys.Signature) ([]keys.Node, error)
	Use(ctx context.Context, id string, force bool, s keys.Signature) ([]keys.Node, error)
	Remove(ctx context.Context, id string, force bool, s keys.Signature) ([]keys.Node, error)
}

// Inspector asks all members for their view of the cluster; *inspect.Inspector is one.
type Inspector interface {
	Inspect(context.Context) ([]inspect.Record, error)
}

// Threshold is the log's; *logging.Control is one.
type Threshold interface {
	Level() logging.Level
	SetLevel(logging.Level)
}

// Guard decides who may call; *rpcguard.Guard is one.
type Guard interface {
	Credentials() credentials.TransportCredentials
	// Enter admits a call that needs an access, and counts it until ctx is done. It runs before
	// the request is read.
	Enter(ctx context.Context, need rpcguard.Access) (context.Context, error)
	// EnterHTTP does so with a call that comes by HTTP, of a client at an address.
	EnterHTTP(r *http.Request, from net.Addr, need rpcguard.Access) (context.Context, error)
	// Connections ends what belongs to a connection with it.
	Connections() stats.Handler
	// End takes no more connections, and closes those that no call was admitted of.
	End()
}

// Config has what the services need. All fields are required, except Observe, Audit and Guard.
// Without a Guard every client may make every call.
type Config struct {
	Node      Node
	Members   Members
	Messages  Messages
	Topics    Topics
	Asks      Asks
	Leases    Leases
	Keys      Keys
	Inspector Inspector
	Threshold Threshold
	Guard     Guard
	Counters  func() map[string]uint64
	Minutes   func() []counter.Minute // the last ones, the oldest first
	// Strangers returns the sources of packets that could not be decrypted, with the time
	// of the last one.
	Strangers func() map[netip.Addr]time.Time
	// RefusedPlain returns those of plain Smudge datagrams that were dropped.
	RefusedPlain func() map[netip.Addr]time.Time
	// Links returns a matrix that is at most some seconds old.
	Links func(context.Context) (*reach.Matrix, error)
	// LinksBetween returns the links of some members to each other and to others; see
	// reach.Observer.Between.
	LinksBetween func(ctx context.Context, from, to []netip.AddrPort) (*reach.Matrix, error)
	// Leave leaves the cluster gracefully and ends the daemon. It returns how many members
	// acknowledged the leave, and how many did not.
	Leave func(context.Context) (acknowledged, missed int)

	// State has the reason for which the node is not ready.
	State   *lifecycle.State
	Self    member.Identity
	Started time.Time
	Profile string
	Build   buildinfo.Info
	Logger  log.Logger
	// Audit gets a line for each call that changes something; may be nil.
	Audit log.Logger
	// Observe gets each call that has ended; may be nil. The method is the full one,
	// "/tamtam.v1.TamTamService/Ping", and always one that is served.
	Observe func(method string, stream bool, code codes.Code, took time.Duration)
}

// Bounds on what one client can ask for.
const (
	// streamBuffer is the number of messages or changes that a reader may fall behind.
	streamBuffer    = limits.ReaderBuffer
	maxRequestBytes = limits.MaxRequest
	// maxHeaderBytes is far larger than the longest token with all other headers of a
	// call. Headers are read before the token is checked.
	maxHeaderBytes = 16 << 10
	// establishWithin bounds the handshakes of TLS and HTTP/2 on a new connection.
	establishWithin = 10 * time.Second
)
