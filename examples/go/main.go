// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Go is an example of a program beside tamtamd, in Go. It prints members that come and
// go, and answers each message with the topic "ask" by one with the topic "answer". It survives
// restarts of the daemon. examples/python and examples/shell do the same.
//
// Its argument is the daemon's address, localhost:6262 by default. TAMTAM_RPC_CA names the file of a
// CA, if the daemon serves TLS.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func main() {
	target := "localhost:6262"
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, target); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run ends when one of its two streams is refused.
func run(ctx context.Context, target string) error {
	creds := insecure.NewCredentials()
	if ca := os.Getenv("TAMTAM_RPC_CA"); ca != "" {
		var err error
		if creds, err = credentials.NewClientTLSFromFile(ca, ""); err != nil {
			return err
		}
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := tamtamv1.NewTamTamServiceClient(conn)
	seen := &view{members: map[string]*tamtamv1.Member{}}
	ended := make(chan error, 2)
	go func() { ended <- again(ctx, func() error { return seen.watch(ctx, client) }) }()
	go func() { ended <- again(ctx, func() error { return answer(ctx, client) }) }()
	return <-ended
}

// again opens a stream again, a second after it has ended: the daemon restarts, or this program read too
// slowly. Other errors are final.
func again(ctx context.Context, stream func() error) error {
	for {
		err := stream()
		if code := status.Code(err); ctx.Err() != nil || code != codes.Unavailable && code != codes.ResourceExhausted {
			return err
		}
		fmt.Fprintln(os.Stderr, "trying again:", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// view is what was seen of the members, by address, up to a revision.
type view struct {
	members  map[string]*tamtamv1.Member
	revision *uint64
}

// watch prints the present members, and then each change. If it has seen some before, the daemon goes on
// after those, if it still can. Else it lists all again, and who is not listed is gone, for a moment, if the
// daemon has just started.
func (v *view) watch(ctx context.Context, client tamtamv1.TamTamServiceClient) error {
	stream, err := client.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: v.revision})
	if err != nil {
		return err
	}
	listed := map[string]*tamtamv1.Member{}
	for {
		step, err := stream.Recv()
		if err != nil {
			return err
		}
		switch e := step.GetEvent().(type) {
		case *tamtamv1.WatchMembersResponse_Present:
			listed[e.Present.GetAddress()] = e.Present
			if old := v.members[e.Present.GetAddress()]; old.GetStatus() != e.Present.GetStatus() {
				show(e.Present)
			}
			continue // not complete before the mark
		case *tamtamv1.WatchMembersResponse_Synced:
			if !e.Synced.GetResumed() {
				for address := range v.members {
					if listed[address] == nil {
						fmt.Printf("member %s is gone\n", address)
					}
				}
				v.members = listed
			}
		case *tamtamv1.WatchMembersResponse_Change:
			show(e.Change.GetMember())
			v.members[e.Change.GetMember().GetAddress()] = e.Change.GetMember()
			if e.Change.GetRemoved() {
				delete(v.members, e.Change.GetMember().GetAddress())
			}
		}
		revision := step.GetRevision()
		v.revision = &revision
	}
}

func show(m *tamtamv1.Member) {
	fmt.Printf("member %q %s %s\n", m.GetName(), m.GetAddress(), m.GetStatus())
}

// answer answers each question by a broadcast.
func answer(ctx context.Context, client tamtamv1.TamTamServiceClient) error {
	stream, err := client.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{Topics: []string{"ask"}, Last: 1})
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		question := event.GetMessage()
		if question == nil {
			continue // a gap: some messages are no longer kept
		}
		fmt.Printf("asked by %s: %q\n", question.GetOrigin(), question.GetPayload())
		reply := append([]byte("heard "), question.GetPayload()...)
		if _, err := client.Broadcast(ctx, &tamtamv1.BroadcastRequest{Topic: "answer", Payload: reply}); err != nil {
			return err
		}
	}
}
