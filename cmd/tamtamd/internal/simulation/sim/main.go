// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Command sim simulates a cluster in virtual time and prints what came of it. It is a
// tool for those who work on the protocol; "make sim ARGS=-h" lists the flags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/simulation"
)

// All of a cluster lives to the end. So memory is spent for time, up to what perPair allows of
// the memory of all pairs of nodes, which is nearly all there is in a large cluster. What lives is some
// 2.4 KiB a pair after a join, and 3.3 KiB while one half is cut off. If that were all, the collector would run
// all the time.
const (
	gcPercent = 400
	perPair   = 5200
	perNode   = 1 << 20
)

// saveMemory makes the collector run so often that clusters of n nodes stay in their memory.
func saveMemory(n int) {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(int64(n)*int64(n)*perPair + int64(n)*perNode)
}

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var o simulation.Options
	var names []string
	for _, s := range simulation.Scenarios {
		names = append(names, s.Name)
	}
	fs := flag.NewFlagSet("sim", flag.ContinueOnError)
	fs.SetOutput(stderr)
	scenarios := fs.String("run", "join", "scenarios, separated by commas: "+strings.Join(names, ", "))
	fs.IntVar(&o.Nodes, "n", 30, "number of nodes")
	fs.Uint64Var(&o.Seed, "seed", 1, "all chance of the network and of Smudge comes from it")
	one := fs.Bool("one", false, "run all scenarios on one cluster, one after the other; all but the first must begin with a formed cluster, and only the last may end nodes for good")
	rounds := fs.Int("rounds", 1, "how many times, each with the next seed")
	lab := fs.Bool("lab", true, "a machine like that of the lab: see -cpus; else nothing takes time")
	cpus := fs.Int("cpus", simulation.Lab.Processors, "processors that all nodes share; 0 for one each")
	slow := fs.Float64("slow", 1, "how many times slower than the lab's the machine is")
	fs.DurationVar(&o.Link.Delay, "delay", 100*time.Microsecond, "that a packet takes")
	fs.DurationVar(&o.Link.Jitter, "jitter", 100*time.Microsecond, "more, at the most")
	fs.Float64Var(&o.Faults.Loss, "loss", 0, "share of packets that are lost, from the start, 0 to 1")
	fs.Float64Var(&o.Faults.Duplication, "dup", 0, "share of packets that arrive twice")
	fs.DurationVar(&o.Limit, "limit", 30*time.Second, "for how long something is waited for, in virtual time")
	trace := fs.Bool("trace", false, "print each change that a node sees")
	fs.BoolVar(&o.Verbose, "v", false, "with -trace: also what membership is told and does")
	counters := fs.Bool("counters", false, "print the counters")
	profile := fs.String("cpuprofile", "", "write a CPU profile to this file")
	memory := fs.String("memprofile", "", "write a profile of the memory that is in use after the last scenario to this file")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *lab {
		o.Machine = simulation.Lab.Slower(*slow)
		o.Machine.Processors = *cpus
	}
	saveMemory(o.Nodes)
	if *trace {
		o.Trace = stdout
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var runs [][]simulation.Scenario // each on a cluster of its own
	for name := range strings.SplitSeq(*scenarios, ",") {
		s, ok := simulation.ScenarioNamed(name)
		if !ok {
			return fmt.Errorf("no scenario %q: want %s", name, strings.Join(names, ", "))
		}
		if last := len(runs) - 1; *one && last >= 0 {
			runs[last] = append(runs[last], s)
		} else {
			runs = append(runs, []simulation.Scenario{s})
		}
	}
	var failed error // to write the memory profile
	for _, run := range runs {
		for round := range *rounds {
			o := o
			o.Seed += uint64(round)
			simulation.RunAll(o, run, func(s simulation.Scenario, r simulation.Result) {
				fmt.Fprintf(stdout, "%s, seed %d: ", s.Name, o.Seed)
				r.Write(stdout)
				if *counters {
					r.WriteCounters(stdout)
				}
				if *memory != "" {
					failed = errors.Join(failed, writeMemory(*memory)) // while the cluster is there
				}
			})
			runtime.GC() // or the next cluster is built beside this one
		}
	}
	return failed
}

// writeMemory writes a profile of the memory that is in use, in place of an earlier one.
func writeMemory(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	runtime.GC() // or what is garbage by now counts
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
