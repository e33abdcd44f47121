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
	// start starts node i, alone. It returns when the node takes requests and what
	// it sees is on the board.
	start(ctx context.Context, i int) error
	// join brings node i into the cluster of node to.
	join(ctx context.Context, i, to int) error
	// leave has node i say goodbye and end, and returns when it has ended.
	leave(ctx context.Context, i int) error
	// kill ends node i at once, if it runs.
	kill(i int)
	// signal sends node i a signal.
	signal(i int, s os.Signal) error
	// pid is the process of node i.
	pid(i int) int
	// broadcast has node i send a message to all.
	broadcast(ctx context.Context, i int, payload []byte) error
	// listen reads what reaches node i until the context or the node ends. It
	// returns when it would miss nothing more.
	listen(ctx context.Context, i int, r reader) error
	// alarms are the statuses it tells that are false alarms when nobody died.
	alarms() []status
	// crashes is how many nodes ended by themselves so far.
	crashes() int
}

// reader is told what reaches a node: by one goroutine, in the order in which the
// node tells it.
type reader struct {
	message func(payload []byte, at time.Duration) // of the lab's clock
	gap     func(messages int)                     // so many will not come
	ended   func(error)
}

var (
	_ system = (*tamtam)(nil)
	_ system = (*sealed)(nil)
	_ system = (*serf)(nil)
	_ keyed  = (*sealed)(nil)
)
