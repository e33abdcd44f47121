// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
)

// The errors of the node's calls: of addresses, and those of membership. The node knows
// nothing of gRPC; package rpc maps them to codes.
var (
	// ErrBadAddress: an address is no host or IP with an optional port, or is
	// of the family that this node does not speak.
	ErrBadAddress = errors.New("bad address")
	// ErrUnresolved: a host name has no address of the node's family.
	ErrUnresolved = errors.New("host name does not resolve")

	ErrNoAnswer   = membership.ErrNoAnswer
	ErrForeign    = membership.ErrForeign
	ErrNotAllowed = membership.ErrNotAllowed
	ErrNotMember  = membership.ErrNotMember
	ErrLive       = membership.ErrLive
	ErrSelf       = membership.ErrSelf
	ErrTooMany    = membership.ErrTooMany
	ErrHeartbeat  = membership.ErrHeartbeat
)
