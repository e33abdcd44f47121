// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// faults is all that is wrong with the network. Its zero value is a network without
// faults.
type faults struct {
	loss  int          // of 100 packets, those that are lost, each by itself
	cut   []netip.Addr // hosts that nothing reaches and that reach nothing
	apart []netip.Addr // one side of a partition; all others are the other
	// blocked are two hosts between which no packet passes; both reach all others.
	blocked []netip.Addr
}

// ruleset is the nft table that causes the faults. It replaces the one before as a
// whole; an "add" before the "delete" makes that work for the first one too.
func (f faults) ruleset() string {
	var b strings.Builder
	b.WriteString("add table bridge lab\ndelete table bridge lab\ntable bridge lab {\n\tchain forward {\n")
	b.WriteString("\t\ttype filter hook forward priority 0; policy accept;\n")
	if len(f.cut) > 0 {
		fmt.Fprintf(&b, "\t\t%[2]s saddr %[1]s drop\n\t\t%[2]s daddr %[1]s drop\n", set(f.cut), family(f.cut))
	}
	if len(f.apart) > 0 {
		fmt.Fprintf(&b, "\t\t%[2]s saddr %[1]s %[2]s daddr != %[1]s drop\n\t\t%[2]s saddr != %[1]s %[2]s daddr %[1]s drop\n",
			set(f.apart), family(f.apart))
	}
	if len(f.blocked) > 0 {
		fmt.Fprintf(&b, "\t\t%[2]s saddr %[1]s %[2]s daddr %[1]s drop\n", set(f.blocked), family(f.blocked))
	}
	if f.loss > 0 {
		for _, end := range farEnds { // a packet from there has passed a switch already
			fmt.Fprintf(&b, "\t\tiifname %q accept\n", end)
		}
		fmt.Fprintf(&b, "\t\tnumgen random mod 100 < %d drop\n", f.loss)
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// family returns the word of nft for the family of addresses.
func family(addrs []netip.Addr) string {
	if addrs[0].Is6() {
		return "ip6"
	}
	return "ip"
}

func set(addrs []netip.Addr) string {
	names := make([]string, len(addrs))
	for i, a := range addrs {
		names[i] = a.String()
	}
	return "{ " + strings.Join(names, ", ") + " }"
}

// apply replaces all faults of the network by those of f, at one instant.
func (w *network) apply(ctx context.Context, f faults) error {
	return pipe(ctx, f.ruleset(), "ip", "netns", "exec", w.hub.name, "nft", "-f", "-")
}
