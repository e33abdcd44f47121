// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import "errors"

// The errors of membership. It knows nothing of gRPC; package rpc maps them to codes.
var (
	// ErrNoAnswer: no node at the address answered in time.
	ErrNoAnswer = errors.New("no answer")
	// ErrForeign: the node at the address is of another cluster.
	ErrForeign = errors.New("another cluster's node")
	// ErrNotAllowed: the address is in none of the networks that --allow names.
	ErrNotAllowed = errors.New("not in a network that --allow names")
	// ErrNotMember: there is no such member.
	ErrNotMember = errors.New("not a member")
	// ErrLive: the member is alive or suspected.
	ErrLive = errors.New("is a live member")
	// ErrSelf: the address is the node's own.
	ErrSelf = errors.New("is this node itself")
	// ErrTooMany: a bound of the node is reached: members, pings under way.
	ErrTooMany = errors.New("too many")
	// ErrHeartbeat: a heartbeat interval is out of range.
	ErrHeartbeat = errors.New("bad heartbeat")
)
