// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package descriptors divides the file descriptors that the process may open between clients
// and the node itself. Without one for the socket of a ping, a node would suspect members that
// are well.
package descriptors

const (
	// reserve is what the node itself needs in the worst case: its own sockets and files, some
	// 20, and one for each ping under way.
	reserve = 128
	// minReserve is what is left to it in any case, and minConnections to clients.
	minReserve     = 32
	minConnections = 12
)

// Usage is how many descriptors the process may open, has open, and must be able to open so that
// clients have all connections that are wanted.
type Usage struct {
	Limit, Wanted uint64
	Open          uint64 // 0: not known
}

// Use returns the usage, if so many connections are wanted.
func Use(connections uint64) Usage {
	return Usage{Limit: Limit(), Wanted: connections + reserve, Open: open()}
}

// Share returns how many connections clients may have, of so many that are wanted, if the process
// may open limit descriptors: all, unless that leaves the node less than it needs. Then the node
// gets half of them, and 32 to 128.
func Share(limit, wanted uint64) (connections uint64) {
	if limit >= wanted+reserve {
		return wanted
	}
	own := max(minReserve, min(reserve, limit/2))
	if limit < own+minConnections {
		return minConnections
	}
	return limit - own
}
