// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// BroadcastResult says to whom a message went, who has it, and who is not known to have it.
type BroadcastResult = tamtamv1.BroadcastResponse

// Recipients are the members that a message or a question is for; all if it is empty.
type Recipients struct {
	Members []string      // gossip addresses; at most 256
	Tags    []*TagPattern // each member compares its own tags when it is asked; all must match
}

func (r Recipients) all() bool { return len(r.Members) == 0 && len(r.Tags) == 0 }

// BroadcastOptions say how to send a message. The zero value sends it to all, and does not wait for them.
type BroadcastOptions struct {
	Topic string     // readers can filter by it: printable UTF-8, up to 64 bytes
	To    Recipients // whose readers get it
	// WaitAll returns when all live members have the message, at the deadline at the latest. Those that are
	// not known to have it then are in BroadcastResult.Missing, and there is no error: it was sent.
	WaitAll bool
	// WaitMembers does so when that many members have it. If fewer are live, that is an error with
	// ErrTooFewMembers, and nothing is sent. 0 waits for none.
	WaitMembers int
	// MinMembers: with WaitAll, an error with ErrTooFewMembers, and nothing is sent, if fewer other members
	// are live. Without WaitAll, it is one with ErrInvalidRequest.
	MinMembers int
	// NoWait: an error with ErrBusy at once, and not at the deadline, if too many messages are on their way.
	NoWait bool
}

// Broadcast sends a short message to every live member: each has it once, and those of one node in order. The
// payload may have as many bytes as LocalNode.MaxPayloadBytes says; with recipients, MaxAddressedPayloadBytes.
//
// An error with ErrBusy means that it was not sent. After ErrUnreachable, or if the time was over, it may have
// been sent.
func (c *Client) Broadcast(ctx context.Context, payload []byte, o BroadcastOptions) (*BroadcastResult, error) {
	request := &tamtamv1.BroadcastRequest{
		Payload: payload, Topic: o.Topic, NoWait: o.NoWait, Members: o.To.Members, Tags: o.To.Tags,
	}
	switch {
	case o.MinMembers > 0 && !o.WaitAll:
		return nil, &Error{
			Reason: ErrInvalidRequest, Code: codes.InvalidArgument,
			Message: fmt.Sprintf("MinMembers %d without WaitAll: want both, or WaitMembers, which sends nothing if fewer are live", o.MinMembers),
		}
	case o.WaitAll:
		request.Wait, request.MinMembers = &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}, uint32(max(o.MinMembers, 0))
	case o.WaitMembers > 0:
		request.Wait = &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: uint32(o.WaitMembers)}
	}
	if !o.To.all() {
		self, err := c.LocalNode(ctx)
		if err != nil {
			return nil, err
		}
		if self.GetMaxAddressedPayloadBytes() == 0 { // it would send to all
			return nil, unsupported("recipients of messages")
		}
	}
	return call(ctx, c, func(ctx context.Context) (*BroadcastResult, error) { return c.conn.Broadcast(ctx, request) })
}

// unsupported is the error about a daemon of an earlier version.
func unsupported(what string) *Error {
	return &Error{Reason: ErrUnsupported, Code: codes.Unimplemented, Message: "the daemon is of an earlier version, which knows no " + what}
}
