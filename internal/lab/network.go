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
	"time"
)

// network is the switch and the hosts on it.
type network struct {
	hub   *namespace
	hosts []*namespace
	made  []string // names of namespaces, for remove
	layout
	far *far // nil if the halves are not far from each other
}

// layout is what a network is like.
type layout struct {
	nodes int           // hosts with nodes
	plain int           // more hosts, after these, for plain Smudge members
	ipv6  bool          // else IPv4
	delay time.Duration // each way, between the halves of the network; 0: there is one switch
}

// inSecondHalf reports whether host i is in the second half.
func (l layout) inSecondHalf(i int) bool { return i >= l.nodes/2 }

// errUnsupported: this machine cannot have such a network.
var errUnsupported = errors.New("no network namespaces here")

// namespaceName names the namespaces of a run: 0 is the switch, i+1 is host i. The
// process in the name tells later runs whether this one is over.
func namespaceName(pid, i int) string { return fmt.Sprintf("%s%d-%d", prefix, pid, i) }

// address returns the address of host i.
func (l layout) address(i int) netip.Addr {
	if l.ipv6 {
		a := [16]byte{0: 0xfd, 1: 0x58, 14: byte((i + 1) >> 8), 15: byte(i + 1)}
		return netip.AddrFrom16(a)
	}
	return netip.AddrFrom4([4]byte{10, 88, byte(i / 250), byte(i%250 + 1)})
}

func mac(i int) string { return fmt.Sprintf("02:54:54:00:%02x:%02x", (i+1)>>8, (i+1)&255) }

// addresses returns those of the first hosts.
func (l layout) addresses(n int) (all []netip.Addr) {
	for i := range n {
		all = append(all, l.address(i))
	}
	return all
}

// gossip returns the gossip address of host i.
func (l layout) gossip(i int) string {
	return netip.AddrPortFrom(l.address(i), tamtamPort).String()
}

// newNetwork makes the namespaces, and wires them. What it made before it failed is
// in the network that it returns.
func newNetwork(ctx context.Context, l layout) (*network, error) {
	w := &network{layout: l}
	n := l.nodes + l.plain
	hub, err := w.host(ctx, namespaceName(os.Getpid(), 0))
	if err != nil {
		return w, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	w.hub = hub
	for _, name := range switches {
		if err := ip(ctx, hub.name, "link add "+name+" type bridge stp_state 0 mcast_snooping 0", "link set "+name+" up"); err != nil {
			return w, fmt.Errorf("%w: %w", errUnsupported, err)
		}
	}
	if err := w.separate(ctx); err != nil {
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
			fmt.Sprintf("link set p%d master %s up", i+1, w.switchOf(i)))
	}
	if err := ip(ctx, hub.name, ports...); err != nil {
		return w, err
	}
	for i, host := range w.hosts {
		if err := ip(ctx, host.name, l.interfaces(i)...); err != nil {
			return w, err
		}
	}
	return w, nil
}

// separate makes the link between the switches, if there is one.
func (w *network) separate(ctx context.Context) (err error) {
	if w.delay == 0 {
		return nil
	}
	if w.far, err = newFar(w.hub, w.delay); err != nil {
		return err
	}
	var lines []string
	for i, name := range farEnds {
		lines = append(lines, fmt.Sprintf("link set %s master %s up", name, switches[i]))
	}
	return ip(ctx, w.hub.name, lines...)
}

// switchOf returns the switch of host i.
func (w *network) switchOf(i int) string {
	if w.far != nil && w.inSecondHalf(i) {
		return switches[1]
	}
	return switches[0]
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
	if w.ipv6 {
		return ns, ns.quietIPv6()
	}
	return ns, ns.disableIPv6()
}

// interfaces are those of host i. It knows the others' link addresses from the start:
// ARP would add to what is counted, and the kernel keeps no more than 1024 learned
// ones (gc_thresh3) for all namespaces together, where 100 hosts have 9,900.
func (l layout) interfaces(i int) []string {
	prefix := "16 dev eth0"
	if l.ipv6 {
		prefix = "64 dev eth0 nodad"
	}
	return append([]string{
		"link set lo up",
		fmt.Sprintf("addr add %s/%s", l.address(i), prefix),
		"link set eth0 up",
	}, l.neighbours(i)...)
}

// neighbours are the link addresses that host i knows.
func (l layout) neighbours(i int) []string {
	var lines []string
	for k := range l.nodes + l.plain {
		if k != i {
			lines = append(lines, fmt.Sprintf("neigh replace %s lladdr %s dev eth0 nud permanent", l.address(k), mac(k)))
		}
	}
	return lines
}

// remove removes the namespaces and everything in them.
func (w *network) remove(ctx context.Context) error {
	if w.far != nil {
		_ = w.far.close() // with the namespace in any case
	}
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
