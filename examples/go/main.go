// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Go is an example of a program beside tamtamd, in Go. It prints members that come and
// go, and answers each message with the topic "ask" by one with the topic "answer".
// examples/python and examples/shell do the same.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

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

// run ends when the first of its two streams ends.
func run(ctx context.Context, target string) error {
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := tamtamv1.NewTamTamServiceClient(conn)
	ended := make(chan error, 2)
	go func() { ended <- watch(ctx, client) }()
	go func() { ended <- answer(ctx, client) }()
	return <-ended
}

// watch prints the present members, and then each change.
func watch(ctx context.Context, client tamtamv1.TamTamServiceClient) error {
	stream, err := client.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{})
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		member := event.GetPresent()
		if change := event.GetChange(); change != nil {
			member = change.GetMember()
		}
		if member != nil { // else it is the synced mark
			fmt.Printf("member %q %s %s\n", member.GetName(), member.GetAddress(), member.GetStatus())
		}
	}
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
