// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// checkRetain checks what --retain goes with.
func (b *broadcast) checkRetain() error {
	switch {
	case !b.retain:
		return nil
	case b.topic == "":
		return arg.Usage("broadcast", "--retain needs --topic: the message is the value of a topic")
	case b.lines:
		return arg.Usage("broadcast", "--retain does not go with --lines: each line would replace the one before")
	case b.noWait:
		return arg.Usage("broadcast", "--retain does not go with --no-wait: such a message waits for no other")
	case !b.to.all():
		return arg.Usage("broadcast", "--retain does not go with --to: all nodes keep the value")
	}
	return nil
}

// local asks the daemon about its node.
func (a *app) local(ctx context.Context, c *client.Conn) (*tamtamv1.GetLocalNodeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, a.flags.Timeout)
	defer cancel()
	return c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
}

// needRetained fails if the daemon does not keep topics: it would ignore what it does not know.
func (a *app) needRetained(ctx context.Context, c *client.Conn, what string) error {
	self, err := a.local(ctx, c)
	switch {
	case err != nil:
		return c.Explain(err)
	case self.GetMaxRetainedPayloadBytes() == 0:
		return &refusedError{"the daemon is of an earlier version, which knows no " + what}
	}
	return nil
}
