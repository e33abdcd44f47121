// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Go is an example of a program beside tamtamd, in Go. It prints members that come and
// go, and answers each message with the topic "ask" by one with the topic "answer". It survives
// restarts of the daemon. examples/python and examples/shell do the same.
//
// Its argument is the daemon's address; else it is that of TAMTAM_RPC, or localhost:6262. TAMTAM_RPC_CA
// names the file of a CA, if the daemon serves TLS.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/eelcocramer/tamtam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	options := []tamtam.Option{tamtam.Lazy()}
	if len(os.Args) > 1 {
		options = append(options, tamtam.WithAddress(os.Args[1]))
	}
	client, err := tamtam.Dial(ctx, options...)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	go watch(ctx, client)
	for e, err := range client.Messages(ctx, tamtam.MessageOptions{Topics: []string{"ask"}, Last: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		if m := e.Message; m != nil {
			fmt.Printf("asked by %s: %q\n", m.GetOrigin(), m.GetPayload())
			reply := append([]byte("heard "), m.GetPayload()...)
			if _, err := client.Broadcast(ctx, reply, tamtam.BroadcastOptions{Topic: "answer"}); err != nil {
				log.Println("not answered:", err)
			}
		}
	}
}

// watch prints the members, and each change of one.
func watch(ctx context.Context, client *tamtam.Client) {
	for e, err := range client.Watch(ctx, tamtam.WatchOptions{}) {
		switch {
		case err != nil:
			log.Fatal(err)
		case e.Change.GetRemoved():
			fmt.Printf("member %s is gone\n", e.Member.GetAddress())
		case e.Member != nil:
			fmt.Printf("member %q %s %s\n", e.Member.GetName(), e.Member.GetAddress(), e.Member.GetStatus())
		case e.Kind == tamtam.Disconnected:
			log.Println("trying again:", e.Err)
		}
	}
}
