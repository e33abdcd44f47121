// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// goodbyeWithin is how long members may take to acknowledge that this node leaves.
const goodbyeWithin = 500 * time.Millisecond

// errLeft ends a daemon that has left since a caller asked for it.
var errLeft = errors.New("left the cluster, as a caller asked for; see msg=audit in the log")

// leaver leaves the cluster: when a call asks for it, and in any case before the socket
// closes. Its methods may be called from any goroutine.
type leaver struct {
	state *lifecycle.State
	node  *node.Node
	once  sync.Once
	asked chan struct{} // closed when a call has left: the daemon ends
}

func newLeaver(state *lifecycle.State, n *node.Node) *leaver {
	return &leaver{state: state, node: n, asked: make(chan struct{})}
}

// leave leaves, for goodbyeWithin at most, and returns how many members know of it and
// how many do not. Called again, it waits for the first call, and returns zeros.
func (l *leaver) leave(ctx context.Context) (acknowledged, missed int) {
	l.state.Advance(lifecycle.Leaving)
	ctx, cancel := context.WithTimeout(ctx, goodbyeWithin)
	defer cancel()
	return l.node.Leave(ctx)
}

// onCall leaves as leave does, and then ends the daemon.
func (l *leaver) onCall(ctx context.Context) (acknowledged, missed int) {
	defer l.once.Do(func() { close(l.asked) })
	return l.leave(ctx)
}
