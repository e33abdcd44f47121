// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Figures from the kernel. The parsers do no IO, so that tests can call them.

// usage has the resources that a node has used so far.
type usage struct {
	cpu            float64 // seconds, user and system
	bytes, packets uint64  // sent to other hosts; IP packets, with their headers
}

// etherHeader is the size in bytes of the header that an interface counts with each packet.
const etherHeader = 14

// measure reads the usage of the process on a host. No other process sends there.
func measure(ns *namespace, pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	dev, err := ns.read("/proc/thread-self/net/dev")
	if err != nil {
		return usage{}, err
	}
	var u usage
	if u.cpu, err = parseStat(string(stat)); err != nil {
		return usage{}, err
	}
	bytes, packets, err := parseSent(string(dev), "eth0")
	if err != nil {
		return usage{}, err
	}
	u.bytes, u.packets = bytes-etherHeader*packets, packets
	return u, nil
}

// parseStat returns the CPU seconds of /proc/PID/stat: fields 14 and 15, in ticks of
// 10 ms. The name in field 2 may hold anything, up to the last parenthesis.
func parseStat(s string) (float64, error) {
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 13 {
		return 0, fmt.Errorf("not /proc/PID/stat: %q", s)
	}
	user, err := strconv.ParseUint(f[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseUint(f[12], 10, 64)
	return float64(user+system) / 100, err
}

// parseSent returns what an interface has sent, of /proc/net/dev.
func parseSent(s, name string) (bytes, packets uint64, err error) {
	for line := range strings.Lines(s) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+":")
		if f := strings.Fields(rest); ok && len(f) >= 10 {
			if bytes, err = strconv.ParseUint(f[8], 10, 64); err == nil {
				packets, err = strconv.ParseUint(f[9], 10, 64)
			}
			return bytes, packets, err
		}
	}
	return 0, 0, fmt.Errorf("no interface %s in /proc/net/dev", name)
}

// resident returns the memory of a process in MiB, from /proc/PID/status.
func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", pid)
}

// load returns the load average of the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// machine returns the load average, and how busy the processors were since a time.
func machine(before ticks) string {
	return fmt.Sprintf("load %s, CPU %.0f %%", load(), machineTicks().since(before))
}

// ticks are those of the machine: all, and those in which a CPU was busy.
type ticks struct{ all, busy float64 }

func machineTicks() ticks {
	b, _ := os.ReadFile("/proc/stat") // without the file there are no ticks
	line, _, _ := strings.Cut(string(b), "\n")
	return parseTicks(line)
}

// parseTicks reads "cpu user nice system idle iowait irq softirq steal …".
func parseTicks(line string) ticks {
	var t ticks
	for i, f := range strings.Fields(line) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || i > 8 {
			continue // the word before, and what is counted in others already
		}
		t.all += v
		if i != 4 && i != 5 {
			t.busy += v
		}
	}
	return t
}

// since returns how busy the machine was, in percent.
func (t ticks) since(before ticks) float64 {
	if t.all <= before.all {
		return 0
	}
	return 100 * (t.busy - before.busy) / (t.all - before.all)
}

// traffic returns the bytes of IP packets that all nodes have sent so far, lost ones included.
func (t *trial) traffic() float64 {
	sum := 0.0
	for i := range t.n {
		if u, err := measure(t.net.hosts[i], t.pid(i)); err == nil {
			sum += float64(u.bytes)
		}
	}
	return sum
}

// processorTime returns the seconds that all nodes have used so far, and those of node 0.
func (t *trial) processorTime() (all, first float64) {
	for i := range t.n {
		if u, err := measure(t.net.hosts[i], t.pid(i)); err == nil {
			if all += u.cpu; i == 0 {
				first = u.cpu
			}
		}
	}
	return all, first
}

// restTraffic causes the loss of the scenario, and returns the bytes that all nodes send in a
// second without broadcasts and queries.
func (t *trial) restTraffic(ctx context.Context, lossPercent int) (float64, error) {
	if err := t.pass(ctx, min(warmUp, t.opt.cast)); err != nil {
		return 0, err
	}
	if err := t.net.apply(ctx, faults{loss: lossPercent}); err != nil {
		return 0, err
	}
	before, began := t.traffic(), time.Now()
	if err := t.pass(ctx, min(warmUp, t.opt.cast)); err != nil {
		return 0, err
	}
	return (t.traffic() - before) / time.Since(began).Seconds(), nil
}
