// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"time"
)

// system is what is put through the scenarios: nodes of one kind, node i on host i.
// What they see of each other goes to the board that the system was made with.
type system interface {
	// name is its column in the table.
	name() string
	// start starts node i, which joins no other. It returns when the node accepts requests
	// and its view is on the board.
	start(ctx context.Context, i int) error
	// join joins node i to the cluster of node to.
	join(ctx context.Context, i, to int) error
	// leave makes node i leave gracefully, and returns when it has ended.
	leave(ctx context.Context, i int) error
	// kill kills node i, if it runs.
	kill(i int)
	// signal sends node i a signal.
	signal(i int, s os.Signal) error
	// pid returns the process ID of node i.
	pid(i int) int
	// broadcast sends a message from node i to all.
	broadcast(ctx context.Context, i int, payload []byte) error
	// listen reads what reaches node i until the context or the node ends. It
	// returns when it would miss nothing more.
	listen(ctx context.Context, i int, r reader) error
	// answer answers the questions that reach node i, with their payload, until the context or
	// the node ends. It returns when it would miss none.
	answer(ctx context.Context, i int) error
	// query asks all nodes from node i, and returns when nothing more comes. Each gets a name of
	// a member, and why it does not answer; empty if it does.
	query(ctx context.Context, i int, payload []byte, timeout time.Duration, each func(member, why string)) error
	// alarms returns the statuses that are false alarms if no node died.
	alarms() []status
	// crashes returns how many nodes have ended unexpectedly so far.
	crashes() int
}

// reader is told what reaches a node: by one goroutine, in the order in which the
// node tells it.
type reader struct {
	message func(payload []byte, at time.Duration) // by the lab's clock
	gap     func(messages int)                     // the number of messages that are lost
	ended   func(error)
}

var (
	_ system = (*tamtam)(nil)
	_ system = (*sealed)(nil)
	_ system = (*serf)(nil)
	_ keyed  = (*sealed)(nil)
)
