// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package simulation runs a cluster in one process, in virtual time: the cores of
// membership, wire and broadcast of many nodes, a model of Smudge in place of Smudge, and
// a network that loses, delays and duplicates packets. Nodes take processor time, which
// they may share, and have receive buffers that overflow. So the cluster of a hundred
// nodes that starves its machine can be looked at in a second, without that machine.
//
//	Cluster ─ a scenario's hands: join, kill, pause, cut …, and its eyes
//	  └ Node, one for each address: membership.Core, wire.Core, broadcast.Core, Smudge
//	      └ Network: the clock, packets, processors, receive buffers
//
// It is for tests and for cmd/tamtamd/internal/simulation/sim; the daemon does not use
// it. docs/simulation.md says what it leaves out and how well it agrees with real
// processes.
package simulation
