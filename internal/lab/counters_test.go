// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"testing"
)

func TestParseUDP(t *testing.T) {
	const snmp = `Icmp: InMsgs InErrors
Icmp: 1 2
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors
Udp: 4744013 56805 223498 5078553 223493
UdpLite: InDatagrams NoPorts
UdpLite: 7 8
`
	want := map[string]uint64{
		"udp InDatagrams": 4744013, "udp NoPorts": 56805, "udp InErrors": 223498, "udp OutDatagrams": 5078553, "udp RcvbufErrors": 223493,
	}
	if have := parseUDP(snmp); !maps.Equal(have, want) {
		t.Errorf("got %v, want %v", have, want)
	}
	if have := parseUDP("Udp: A B\nUdp: 1\n"); !maps.Equal(have, map[string]uint64{"udp A": 1}) {
		t.Errorf("of a short line: %v", have)
	}
}

func TestSums(t *testing.T) {
	first, others := sums([]map[string]uint64{{"a": 1, "b": 0, "c": 5}, {"a": 2, "b": 0}, nil, {"a": 3, "d": 4}})
	if want := (map[string]uint64{"a": 1, "c": 5, "d": 0}); !maps.Equal(first, want) {
		t.Errorf("of node 0: %v, want %v", first, want)
	}
	if want := (map[string]uint64{"a": 5, "c": 0, "d": 4}); !maps.Equal(others, want) {
		t.Errorf("of the others: %v, want %v", others, want)
	}
}
