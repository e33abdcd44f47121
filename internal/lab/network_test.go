// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"
)

func TestRuleset(t *testing.T) {
	hosts, six := layout{}.addresses(2), layout{ipv6: true}.addresses(2)
	for _, c := range []struct {
		name  string
		f     faults
		rules string
	}{
		{"none", faults{}, ""},
		{"loss", faults{loss: 30}, "\t\tiifname \"far0\" accept\n\t\tiifname \"far1\" accept\n\t\tnumgen random mod 100 < 30 drop\n"},
		{"cut, IPv6", faults{cut: six[1:]}, "\t\tip6 saddr { fd58::2 } drop\n\t\tip6 daddr { fd58::2 } drop\n"},
		{"cut", faults{cut: hosts[1:]}, "\t\tip saddr { 10.88.0.2 } drop\n\t\tip daddr { 10.88.0.2 } drop\n"},
		{"apart", faults{apart: hosts}, "\t\tip saddr { 10.88.0.1, 10.88.0.2 } ip daddr != { 10.88.0.1, 10.88.0.2 } drop\n" +
			"\t\tip saddr != { 10.88.0.1, 10.88.0.2 } ip daddr { 10.88.0.1, 10.88.0.2 } drop\n"},
		{"blocked", faults{blocked: hosts}, "\t\tip saddr { 10.88.0.1, 10.88.0.2 } ip daddr { 10.88.0.1, 10.88.0.2 } drop\n"},
	} {
		want := "add table bridge lab\ndelete table bridge lab\ntable bridge lab {\n\tchain forward {\n" +
			"\t\ttype filter hook forward priority 0; policy accept;\n" + c.rules + "\t}\n}\n"
		if got := c.f.ruleset(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

func TestAddressesDiffer(t *testing.T) {
	const hosts = maxNodes + maxPlain
	for _, l := range []layout{{}, {ipv6: true}} {
		addresses, macs := map[string]bool{}, map[string]bool{}
		for i := range hosts {
			addresses[l.gossip(i)], macs[mac(i)] = true, true
		}
		if len(addresses) != hosts || len(macs) != hosts {
			t.Errorf("%d addresses and %d link addresses of %d", len(addresses), len(macs), hosts)
		}
	}
}

func TestOwner(t *testing.T) {
	if pid, ok := owner(namespaceName(4711, 30)); !ok || pid != 4711 {
		t.Errorf("got %d, %v", pid, ok)
	}
	// Other people's namespaces.
	for _, name := range []string{"", "blue", "ttlab-", "ttlab-1", "ttlab-x-1", "ttlab-1-x", "ttlab-0-1", "ttlab--1-1", "ttlab-1-2-3"} {
		if pid, ok := owner(name); ok {
			t.Errorf("%q is taken for that of a lab, of process %d", name, pid)
		}
	}
}

func TestLives(t *testing.T) {
	if !lives(os.Getppid()) {
		t.Error("the parent does not live")
	}
	if lives(1<<31 - 1) { // over the kernel's greatest, 1<<22
		t.Error("a process that cannot be lives")
	}
}
