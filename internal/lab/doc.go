// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Command lab runs real daemons through faults of a network, and prints a table of the
// times that they took: of tamtamd and, with -serf, of a Serf agent, in turn on the same
// network in the same run.
//
// The network is made of namespaces that the run makes and removes. It does not touch the
// host's interfaces, so the host's routes, names and traffic do not matter.
//
//	ttlab-PID-0            the switch: a bridge, and all that goes wrong
//	┌────────────────────────────────────────────────────────────────┐
//	│  br0 ── nft, bridge family, forward hook:                       │
//	│  │  │   one packet in P lost, hosts cut off, halves cut apart    │
//	│  │  └──────────────────────────────┐                             │
//	│  p1              p2             … pN │                             │
//	└──┼───────────────┼─────────────────┼─────────────────────────────┘
//	   │ veth          │                 │
//	  eth0            eth0              eth0   10.88.x.y/16
//	┌──┴────────┐    ┌─┴─────────┐     ┌─┴─────────┐
//	│ tamtamd   │    │ tamtamd   │  …  │ tamtamd   │
//	│ lo: gRPC  │    │ lo: gRPC  │     │ lo: gRPC  │
//	└───▲───────┘    └───▲───────┘     └───▲───────┘
//	ttlab-PID-1      ttlab-PID-2       ttlab-PID-N
//	    └────────────────┴── the lab ──────┘
//
// The lab talks to each daemon on the loopback interface of its namespace, which it enters
// only to open a socket. So its requests add nothing to the traffic that it measures or
// disturbs. Faults are on the switch and not on the hosts: one nft transaction changes the
// network for all at one instant, and a sender gets no error for a lost packet, as it would
// from a filter on its own host (EPERM).
//
// Two scenarios need more than the switch can do. In rack the links of hosts go down in
// their namespaces, so that the others look for them by ARP. In hog and its like the lab
// starts loops beside the nodes, bounded in time, that take the machine's processors: run
// them on a machine that nobody else needs.
//
// The broadcasts of scenarios whose names begin with cast carry the time right before the
// request to send them. A delivery takes until the lab reads the message from a node's
// stream, by the same clock. This is the time that a program would see. It includes the
// lab's own use of the machine: while all CPUs are busy, the figures only compare systems.
package main
