// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"

// Channel numbers what is carried, from 0 to frame.MaxChannels-1. Its users agree on what
// it is for.
type Channel = frame.Channel

// ChannelInfo says how a channel is carried. All nodes have to agree on it.
type ChannelInfo struct {
	// Name is what the frames of the channel are counted by. A channel without a name
	// does not exist: frames of it are dropped.
	Name string
	// AckNow: a frame is acknowledged at once, as the sender waits for it, and nothing
	// is sent back that the acknowledgement could ride on.
	AckNow bool
	// Last: a frame is the last of its session. It is acknowledged at once, and its
	// receiver closes the session for good.
	Last bool
	// Bulk: the frames have a share of what may be under way to a node, which others cannot
	// push out, and Send refuses what is past it.
	Bulk bool
	// Refused counts what Send refuses on the channel; may be nil.
	Refused *counter.Counter
}

// info returns how a channel is carried; no name when there is none.
func (c *Core) info(ch Channel) ChannelInfo {
	if int(ch) >= len(c.cfg.Channels) {
		return ChannelInfo{}
	}
	return c.cfg.Channels[ch]
}
