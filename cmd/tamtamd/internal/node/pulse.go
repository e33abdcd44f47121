// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

// Poke has Run go round once, soon.
func (n *Node) Poke() { n.poke() }

// Rounds returns how often Run went round.
func (n *Node) Rounds() uint64 { return n.turns.Load() }
