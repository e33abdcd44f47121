// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Bounds of the options. The hosts have addresses in one network.
const (
	maxNodes = 500
	maxPlain = 32
	maxDelay = time.Second
)

// layout is the network that the options ask for.
func (o options) layout() layout {
	return layout{nodes: o.nodes, plain: o.plain, ipv6: o.ipv6, delay: o.delay}
}

// options are the options on the command line.
type options struct {
	nodes                int
	scenarios            []scenario
	tamtamd, tamtamdArgs string
	serf                 string
	sealed               bool
	ipv6                 bool
	delay                time.Duration
	plain                int
	plainnode            string
	json, logs           string
	list                 bool
	rounds, repeat       int
	rest, alarm          time.Duration
	partition            time.Duration
	settle               time.Duration
	cast, straggle       time.Duration
	kills, asks          int
	hogs, nice           int
	hogFor, stopFor      time.Duration
	rackFor              time.Duration
	counters             bool
	wants                []want
	limit, each, timeout time.Duration
}

// systems are the columns of the table.
func (o options) systems() []string {
	var names []string
	for _, name := range []string{"tamtam", "sealed", "serf"} {
		if slices.ContainsFunc(o.scenarios, func(s scenario) bool { return slices.Contains(o.systemsFor(s), name) }) {
			names = append(names, name)
		}
	}
	return names
}

// systemsFor returns the systems on which a scenario runs, in order.
func (o options) systemsFor(s scenario) []string {
	var names []string
	if o.tamtamd != "" && !s.keys {
		names = append(names, "tamtam")
	}
	if o.tamtamd != "" && (s.keys || o.sealed) {
		names = append(names, "sealed")
	}
	if o.serf != "" && !s.keys {
		names = append(names, "serf")
	}
	return names
}

func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("lab", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&o.nodes, "n", 30, "`number` of nodes")
	only := fs.String("run", "", "`scenarios` to run, comma separated (default all)")
	fs.BoolVar(&o.list, "list", false, "list the scenarios, and do no more")
	fs.StringVar(&o.tamtamd, "tamtamd", "bin/tamtamd", "`path` of tamtamd; empty to leave it out")
	fs.StringVar(&o.tamtamdArgs, "tamtamd-args", "", "more `flags` for tamtamd, blank separated")
	fs.BoolVar(&o.sealed, "sealed", false, "run tamtamd with a keyring, too, in turn")
	fs.BoolVar(&o.ipv6, "ipv6", false, "the hosts have IPv6 addresses")
	fs.DurationVar(&o.delay, "delay", 0, "`time` that a packet takes between the halves of the network, each way; -tamtamd-args '--profile wan' fits 40ms and more")
	fs.IntVar(&o.plain, "plain", 0, "`number` of plain Smudge members beside the nodes of tamtamd, on more hosts; no part of the figures")
	fs.StringVar(&o.plainnode, "plainnode", "bin/plainnode", "`path` of the program that is one; make bin/plainnode builds it")
	fs.StringVar(&o.serf, "serf", "", "`path` of serf, to compare with")
	fs.StringVar(&o.json, "json", "", "`file` for all samples")
	fs.StringVar(&o.logs, "logs", "", "existing `directory` for what the nodes print")
	fs.IntVar(&o.rounds, "rounds", 3, "`number` of times that join, cut, partition, hog, stop and mesh happen")
	fs.IntVar(&o.repeat, "repeat", 5, "`number` of times that kill, pause and leave do")
	fs.DurationVar(&o.rest, "rest", time.Minute, "`time` at rest")
	fs.DurationVar(&o.alarm, "alarm", time.Minute, "`time` during which false alarms are counted")
	fs.DurationVar(&o.partition, "partition", 30*time.Second, "`time` that a partition lasts")
	fs.DurationVar(&o.cast, "cast", 20*time.Second, "`time` during which nodes broadcast, or ask")
	fs.DurationVar(&o.settle, "settle", 80*time.Second, "`time` between the join and the start of pace; until 70s after a join of many, they ask each other whether they are of use")
	fs.DurationVar(&o.straggle, "straggle", 10*time.Second,
		"the longest `time` to wait for messages after the last was sent, and for answers; Serf may need 30s")
	fs.IntVar(&o.kills, "kills", 20, "`number` of times that castkill happens")
	fs.IntVar(&o.asks, "asks", 100, "`number` of queries a second of all nodes together, in queryallloss30")
	fs.IntVar(&o.hogs, "hogs", 24, "`number` of busy loops beside the nodes, in hog, loss10busy and loss30busy")
	fs.IntVar(&o.nice, "nice", -20, "`niceness` of the loops of hog, -20 to 19; the others' have the lab's own")
	fs.DurationVar(&o.hogFor, "hog-for", 20*time.Second, "`time` that the loops of hog run")
	fs.DurationVar(&o.stopFor, "stop-for", 30*time.Second, "`time` that half of the processes are stopped in stop")
	fs.DurationVar(&o.rackFor, "rack-for", 90*time.Second, "`time` that the hosts are gone in rack")
	fs.BoolVar(&o.counters, "counters", false, "add the counters at the end of each scenario: of node 0, and of all others together")
	fs.Func("want", "fail if a `figure` is more than that: \"join: all see all <= 10\"; may be repeated", func(s string) error {
		w, err := parseWant(s)
		o.wants = append(o.wants, w)
		return err
	})
	fs.DurationVar(&o.limit, "limit", time.Minute, "the longest `time` that is waited for anything to come about")
	fs.DurationVar(&o.each, "each", 20*time.Minute, "the longest `time` that a scenario takes with a system")
	fs.DurationVar(&o.timeout, "timeout", 4*time.Hour, "the longest `time` that all takes")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.list {
		for _, s := range scenarios {
			fmt.Fprintf(stdout, "%-14s %s\n", s.name, s.about)
		}
		return o, nil
	}
	var err error
	if o.scenarios, err = choose(*only); err != nil {
		return o, err
	}
	return o, o.check(fs.Args())
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no flag", rest[0])
	case o.nodes < 2 || o.nodes > maxNodes:
		return fmt.Errorf("-n %d: want 2 to %d", o.nodes, maxNodes)
	case o.plain < 0 || o.plain > maxPlain:
		return fmt.Errorf("-plain %d: want 0 to %d", o.plain, maxPlain)
	case o.delay < 0 || o.delay > maxDelay:
		return fmt.Errorf("-delay %v: want 0 to %v", o.delay, maxDelay)
	case o.plain > 0 && (o.serf != "" || slices.ContainsFunc(o.scenarios, func(s scenario) bool { return slices.Contains(o.systemsFor(s), "sealed") })):
		return errors.New("-plain: plain Smudge members join neither Serf nor nodes with keys; leave out -serf, -sealed and the scenarios rotate and rotate10")
	case o.ipv6 && o.plain > 0:
		return errors.New("-plain: Smudge v1.0.1 speaks IPv4 only here; leave out -ipv6")
	case o.ipv6 && o.serf != "":
		return errors.New("-ipv6 is for tamtamd; leave out -serf")
	case o.tamtamd == "" && o.serf == "":
		return errors.New("nothing to run: give -tamtamd or -serf")
	case o.hogs < 1 || o.hogs > 1000:
		return fmt.Errorf("-hogs %d: want 1 to 1000", o.hogs)
	case o.nice < -20 || o.nice > 19:
		return fmt.Errorf("-nice %d: want -20 to 19", o.nice)
	case o.rounds < 1 || o.repeat < 1 || o.kills < 1:
		return errors.New("-rounds, -repeat and -kills: want at least 1")
	case o.asks < 1 || o.asks > 10000:
		return fmt.Errorf("-asks %d: want 1 to 10000", o.asks)
	case min(o.rest, o.alarm, o.partition, o.settle, o.cast, o.straggle, o.limit, o.each, o.timeout, o.hogFor, o.stopFor, o.rackFor) <= 0:
		return errors.New("want a time of more than 0")
	}
	return nil
}

// choose returns the scenarios of a comma separated list, in the order of the table;
// all when it is empty.
func choose(list string) ([]scenario, error) {
	if list == "" {
		return scenarios, nil
	}
	names := strings.Split(list, ",")
	var chosen []scenario
	for _, s := range scenarios {
		if i := slices.Index(names, s.name); i >= 0 {
			chosen = append(chosen, s)
			names = slices.Delete(names, i, i+1)
		}
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("-run: no scenario %q; -list lists them", names[0])
	}
	return chosen, nil
}
