// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Command lab puts real daemons through what a network does to them, and prints a
// table of how long it took: of tamtamd, and with -serf of a Serf agent, in turn, on
// the same network in the same run.
//
// The network is made of namespaces that the run makes and removes. Nothing of it
// touches the host's interfaces, so the host's routes, names and traffic play no part.
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
// The lab speaks to each daemon on the loopback of its namespace, which it enters for
// as long as it takes to open a socket. So what it asks and hears adds nothing to the
// traffic that it measures or breaks. Faults are on the switch and not on the hosts:
// one nft transaction changes the network for all at one instant, and a sender is not
// told, as it would be by a filter of its own (EPERM), that its packet was lost.
//
// The broadcasts of the scenarios whose names begin with cast carry when they were sent,
// right before the request; how long one took is until the lab has it from a node's
// stream, by the same clock. So it is what a program would see, and the lab's own share
// of the machine is in it: where all CPUs are busy, compare systems and no more.
package main
