// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
)

// network is the switch and the hosts on it.
type network struct {
	hub   *namespace
	hosts []*namespace
	made  []string // names of namespaces, for remove
}

// errUnsupported: this machine cannot have such a network.
var errUnsupported = errors.New("no network namespaces here")

// namespaceName names the namespaces of a run: 0 is the switch, i+1 is host i. The
// process in the name tells later runs whether this one is over.
func namespaceName(pid, i int) string { return fmt.Sprintf("%s%d-%d", prefix, pid, i) }

// address returns the address of host i.
func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 88, byte(i / 250), byte(i%250 + 1)})
}

func mac(i int) string { return fmt.Sprintf("02:54:54:00:%02x:%02x", (i+1)>>8, (i+1)&255) }

// newNetwork makes the namespaces, and wires them. What it made before it failed is
// in the network that it returns.
func newNetwork(ctx context.Context, n int) (*network, error) {
	w := &network{}
	hub, err := w.host(ctx, namespaceName(os.Getpid(), 0))
	if err != nil {
		return w, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	w.hub = hub
	if err := ip(ctx, hub.name, "link add br0 type bridge stp_state 0 mcast_snooping 0", "link set br0 up"); err != nil {
		return w, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	if err := w.apply(ctx, faults{}); err != nil {
		return w, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	var ports []string
	for i := range n {
		host, err := w.host(ctx, namespaceName(os.Getpid(), i+1))
		if err != nil {
			return w, err
		}
		w.hosts = append(w.hosts, host)
		ports = append(ports,
			fmt.Sprintf("link add p%d type veth peer name eth0 address %s netns %s", i+1, mac(i), host.name),
			fmt.Sprintf("link set p%d master br0 up", i+1))
	}
	if err := ip(ctx, hub.name, ports...); err != nil {
		return w, err
	}
	for i, host := range w.hosts {
		if err := ip(ctx, host.name, interfaces(i, n)...); err != nil {
			return w, err
		}
	}
	return w, nil
}

// host makes the namespace of a host.
func (w *network) host(ctx context.Context, name string) (*namespace, error) {
	if err := ip(ctx, "", "netns add "+name); err != nil {
		return nil, err
	}
	w.made = append(w.made, name)
	ns, err := openNamespace(name)
	if err != nil {
		return nil, err
	}
	return ns, ns.disableIPv6()
}

// interfaces are those of host i. It knows the others' link addresses from the start:
// ARP would add to what is counted, and the kernel keeps no more than 1024 learned
// ones (gc_thresh3) for all namespaces together, where 100 hosts have 9,900.
func interfaces(i, n int) []string {
	return append([]string{
		"link set lo up",
		fmt.Sprintf("addr add %s/16 dev eth0", address(i)),
		"link set eth0 up",
	}, neighbours(i, n)...)
}

// neighbours are the link addresses that host i knows.
func neighbours(i, n int) []string {
	var lines []string
	for k := range n {
		if k != i {
			lines = append(lines, fmt.Sprintf("neigh replace %s lladdr %s dev eth0 nud permanent", address(k), mac(k)))
		}
	}
	return lines
}

// remove removes the namespaces and everything in them.
func (w *network) remove(ctx context.Context) error {
	for _, host := range append(w.hosts, w.hub) {
		if host != nil {
			host.close()
		}
	}
	return removeNamespaces(ctx, w.made)
}

// ip runs lines of the ip program in a namespace, or in this one if that is "".
func ip(ctx context.Context, netns string, lines ...string) error {
	args := []string{"-batch", "-"}
	if netns != "" {
		args = append([]string{"-n", netns}, args...)
	}
	return pipe(ctx, strings.Join(lines, "\n")+"\n", "ip", args...)
}

// pipe runs a program with an input. The error has its output.
func pipe(ctx context.Context, stdin, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = bound()
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
	}
	return nil
}
