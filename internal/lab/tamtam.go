// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	tamtamRPC  = "127.0.0.1:6262"
	tamtamPort = 9999
)

// tamtam is tamtamd, which the lab uses and watches only by its gRPC API.
type tamtam struct {
	*processes
	program string
	args    []string
	conns   []atomic.Pointer[grpc.ClientConn] // by node; set before the node is ready
	index   map[string]int                    // by gossip address
}

func newTamtam(ps *processes, program string, args []string) *tamtam {
	t := &tamtam{processes: ps, program: program, args: args, index: map[string]int{}}
	t.conns = make([]atomic.Pointer[grpc.ClientConn], len(ps.net.hosts))
	for i := range ps.net.nodes {
		t.index[ps.net.gossip(i)] = i
	}
	return t
}

func (t *tamtam) name() string { return t.system }

func (t *tamtam) alarms() []status { return []status{suspected, dead} }

func (t *tamtam) start(ctx context.Context, i int) error { return t.startWith(ctx, i) }

// startWith starts node i with additional flags.
func (t *tamtam) startWith(ctx context.Context, i int, flags ...string) error {
	argv := slices.Concat([]string{t.program, "--bind", t.net.address(i).String(), "--rpc", tamtamRPC}, t.args, flags)
	return t.launch(ctx, i, io.Discard, func(ctx context.Context, ready func()) { t.observe(ctx, i, ready) }, argv...)
}

func (t *tamtam) join(ctx context.Context, i, to int) error {
	client := tamtamv1.NewTamTamServiceClient(t.conns[i].Load())
	_, err := client.Join(ctx, &tamtamv1.JoinRequest{Addresses: []string{t.net.gossip(to)}})
	return err
}

func (t *tamtam) leave(ctx context.Context, i int) error {
	p := t.ending(i)
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// observe connects to node i and follows its watch until the node ends.
func (t *tamtam) observe(ctx context.Context, i int, ready func()) {
	dial := func(ctx context.Context, address string) (net.Conn, error) { return t.net.hosts[i].dial(ctx, address) }
	// Once it listens, a connection succeeds at once. gRPC would back off, and
	// that would be measured.
	if poll(ctx, 5*time.Millisecond, func() error {
		conn, err := dial(ctx, tamtamRPC)
		if err == nil {
			err = conn.Close()
		}
		return err
	}) != nil {
		return
	}
	conn, err := grpc.NewClient("passthrough:///"+tamtamRPC,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(dial),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: time.Second},
		}))
	if err != nil {
		return // fails only for an invalid target
	}
	defer conn.Close()
	t.conns[i].Store(conn)
	w := &watch{board: t.board, observer: i, index: t.index}
	_ = poll(ctx, 5*time.Millisecond, func() error { return w.follow(ctx, tamtamv1.NewTamTamServiceClient(conn), ready) })
}

// watch follows what a node reports of its members, across streams: when one breaks, the
// next resumes where it ended.
type watch struct {
	board    *board
	observer int
	index    map[string]int
	revision *uint64
	present  map[int]status
}

// follow returns when the stream ends, which it does with an error.
func (w *watch) follow(ctx context.Context, client tamtamv1.TamTamServiceClient, ready func()) error {
	request := &tamtamv1.WatchMembersRequest{AfterRevision: w.revision}
	stream, err := client.WatchMembers(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	w.present = map[int]status{}
	for {
		r, err := stream.Recv()
		if err != nil {
			return err
		}
		if w.step(r, time.Now()) {
			ready()
		}
	}
}

// step puts one step of the watch on the board, and reports whether the board is now up to
// date.
func (w *watch) step(r *tamtamv1.WatchMembersResponse, at time.Time) (synced bool) {
	revision := r.GetRevision()
	switch e := r.GetEvent().(type) {
	case *tamtamv1.WatchMembersResponse_Present:
		if subject, ok := w.index[e.Present.GetAddress()]; ok {
			w.present[subject] = statusOf(e.Present.GetStatus())
		}
		return false // the revision holds after all of them
	case *tamtamv1.WatchMembersResponse_Synced:
		if !e.Synced.GetResumed() {
			w.board.replace(w.observer, w.present, at)
		}
		synced = true
	case *tamtamv1.WatchMembersResponse_Change:
		if subject, ok := w.index[e.Change.GetMember().GetAddress()]; ok {
			to := statusOf(e.Change.GetMember().GetStatus())
			if e.Change.GetRemoved() {
				to = unlisted
			}
			w.board.set(w.observer, subject, to, at)
		}
	}
	w.revision = &revision
	return synced
}

func statusOf(s tamtamv1.MemberStatus) status {
	switch s {
	case tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE:
		return alive
	case tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED:
		return suspected
	case tamtamv1.MemberStatus_MEMBER_STATUS_DEAD:
		return dead
	case tamtamv1.MemberStatus_MEMBER_STATUS_LEFT:
		return left
	}
	return unlisted
}
