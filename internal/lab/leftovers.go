// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	netnsDir = "/run/netns"
	prefix   = "ttlab-"
)

// removeLeftOvers removes what runs left behind that were killed, and returns how
// many namespaces that were. Their daemons ended with them.
func removeLeftOvers(ctx context.Context) (int, error) {
	entries, err := os.ReadDir(netnsDir)
	if err != nil {
		return 0, nil // no namespaces
	}
	var names []string
	for _, e := range entries {
		if pid, ok := owner(e.Name()); ok && !lives(pid) {
			names = append(names, e.Name())
		}
	}
	return len(names), removeNamespaces(ctx, names)
}

// owner returns the process that made a namespace, if it was a lab.
func owner(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	p, i, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	if _, err := strconv.ParseUint(i, 10, 16); err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(p, 10, 31)
	return int(n), err == nil && n > 0
}

// lives reports whether there is another process with that ID. This process may have the
// ID of an ended run, whose namespaces must be removed.
func lives(pid int) bool {
	return pid != os.Getpid() && syscall.Kill(pid, 0) != syscall.ESRCH
}

func removeNamespaces(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = "netns del " + name
	}
	// -force continues after one that cannot be removed.
	return pipe(ctx, strings.Join(lines, "\n")+"\n", "ip", "-force", "-batch", "-")
}
