// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// counted is a system whose nodes count what they do, since they were started.
type counted interface {
	counters(ctx context.Context, i int) (map[string]uint64, error)
}

var _ counted = (*tamtam)(nil)

func (t *tamtam) counters(ctx context.Context, i int) (map[string]uint64, error) {
	r, err := tamtamv1.NewTamTamServiceClient(t.conns[i].Load()).GetCounters(ctx, &tamtamv1.GetCountersRequest{})
	return r.GetCounters(), err
}

// countersWithin bounds the wait for the counters of all nodes.
const countersWithin = 10 * time.Second

// hostCounters are those of the hosts' kernels, which a scenario does not start at 0.
func (t *trial) hostCounters() []map[string]uint64 {
	all := make([]map[string]uint64, t.n)
	for i, host := range t.net.hosts[:t.n] {
		if b, err := host.read("/proc/thread-self/net/snmp"); err == nil {
			all[i] = parseUDP(string(b))
		}
	}
	return all
}

// reportCounters records the counters of the nodes that run at the end of a scenario,
// and how those of the hosts have grown. Node 0, which the others join, is told apart.
func (t *trial) reportCounters(ctx context.Context, before []map[string]uint64) {
	ctx, cancel := context.WithTimeout(ctx, countersWithin)
	defer cancel()
	all := t.hostCounters()
	for i := range all {
		for name := range all[i] {
			all[i][name] -= before[i][name]
		}
	}
	if c, ok := t.system.(counted); ok {
		var wg sync.WaitGroup
		for i := range all {
			if t.pid(i) == 0 {
				continue
			}
			wg.Go(func() {
				got, err := c.counters(ctx, i)
				if err != nil {
					t.say("counters of node %d: %v", i, err)
				}
				if all[i] == nil {
					all[i] = map[string]uint64{}
				}
				maps.Copy(all[i], got)
			})
		}
		wg.Wait()
	}
	first, others := sums(all)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		t.add(name+" of node 0", "", float64(first[name]))
		t.add(name+" of the others", "", float64(others[name]))
	}
}

// sums returns the counters of node 0, and those of all others together. Both have the
// same names: those that are not 0 in both.
func sums(all []map[string]uint64) (first, others map[string]uint64) {
	first, others = map[string]uint64{}, map[string]uint64{}
	for i, counters := range all {
		for name, v := range counters {
			if v == 0 {
				continue
			}
			first[name] += 0
			others[name] += 0
			if i == 0 {
				first[name] += v
			} else {
				others[name] += v
			}
		}
	}
	return first, others
}

// parseUDP returns the counters of UDP in /proc/net/snmp: a line of names, and one of
// numbers.
func parseUDP(s string) map[string]uint64 {
	counters := map[string]uint64{}
	var names []string
	for line := range strings.Lines(s) {
		rest, ok := strings.CutPrefix(line, "Udp: ")
		switch f := strings.Fields(rest); {
		case !ok:
		case names == nil:
			names = f
		default:
			for i, name := range names[:min(len(names), len(f))] {
				if v, err := strconv.ParseUint(f[i], 10, 64); err == nil {
					counters["udp "+name] = v
				}
			}
		}
	}
	return counters
}
