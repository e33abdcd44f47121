// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A closed pipe must be a failed write, not the end: the network must be removed.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log.SetOutput(io.Discard) // Serf's client logs the end of a connection there

	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errSkipped):
		fmt.Fprintln(os.Stdout, "lab:", err)
	default:
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

// errSkipped: this machine or user cannot run the lab.
var errSkipped = errors.New("skipped")

// run makes the network, runs the scenarios in it, writes what they measured, and
// removes the network, whatever happens in between.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	opt, err := parse(args, stdout, stderr)
	if err != nil || opt.list {
		return err
	}
	if err := possible(opt); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opt.timeout)
	defer cancel()
	if n, err := removeLeftOvers(ctx); err != nil {
		return fmt.Errorf("remove what an earlier run left: %w", err)
	} else if n > 0 {
		fmt.Fprintf(stderr, "lab: removed %d namespaces of an earlier run\n", n)
	}
	net, err := newNetwork(ctx, opt.layout())
	defer func() {
		// The context may be done, and this must happen in any case.
		err = errors.Join(err, net.remove(context.Background()))
	}()
	if errors.Is(err, errUnsupported) {
		return fmt.Errorf("%w: %w", errSkipped, err)
	} else if err != nil {
		return fmt.Errorf("make the network: %w", err)
	}

	about := describe(opt)
	var measured figures
	err = runAll(ctx, opt, net, &measured, stderr)
	fmt.Fprintf(stdout, "%s\n\n", about)
	return errors.Join(err, writeTable(stdout, measured, opt.systems()), writeFile(opt.json, about, measured),
		check(opt.wants, measured))
}

// possible returns the reason why the lab cannot run here, or nil.
func possible(opt options) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("%w: it needs Linux's network namespaces", errSkipped)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root may make network namespaces", errSkipped)
	}
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: %w", errSkipped, err)
		}
	}
	programs := []string{opt.tamtamd, opt.serf}
	if opt.plain > 0 {
		programs = append(programs, opt.plainnode)
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); program != "" && err != nil {
			return err // the user has asked for it, so it is an error
		}
	}
	return nil
}

// runAll runs each scenario on each system.
func runAll(ctx context.Context, opt options, net *network, measured *figures, stderr io.Writer) error {
	var errs []error
	for _, s := range opt.scenarios {
		for _, name := range opt.systemsFor(s) {
			err := runOne(ctx, s, name, opt, net, measured, stderr)
			if ctx.Err() != nil {
				return fmt.Errorf("ended early: %w", context.Cause(ctx))
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s %s: %w", name, s.name, err))
				fmt.Fprintf(stderr, "lab: %v\n", errs[len(errs)-1])
			}
		}
	}
	return errors.Join(errs...)
}

// runOne runs a scenario on a system. The system's processes end with it.
func runOne(
	ctx context.Context, s scenario, name string, opt options, net *network, measured *figures, stderr io.Writer,
) error {
	ctx, cancel := context.WithTimeout(ctx, opt.each)
	defer cancel()
	ps := &processes{
		system: name, net: net, board: newBoard(opt.nodes), logs: opt.logs, stderr: stderr, running: map[int]*process{},
	}
	t := &trial{scenario: s.name, n: opt.nodes, net: net, board: ps.board, opt: opt, figures: measured, progress: stderr}
	if opt.plain > 0 {
		t.plain = &plain{program: opt.plainnode, net: net, first: opt.nodes}
		defer t.plain.stop()
	}
	args := strings.Fields(opt.tamtamdArgs)
	if opt.plain > 0 {
		args = append(args, "--plain")
	}
	switch tamtam := newTamtam(ps, opt.tamtamd, args); name {
	case "serf":
		t.system = newSerf(ps, opt.serf)
	case "sealed":
		sealed, err := newSealed(tamtam)
		if err != nil {
			return err
		}
		defer sealed.remove()
		t.system = sealed
	default:
		t.system = tamtam
	}
	defer t.stopAll()

	before, hosts := machineTicks(), t.hostCounters()
	err := s.run(ctx, t)
	if t.opt.counters {
		t.reportCounters(ctx, hosts)
	}
	if err != nil {
		t.note("not finished", err.Error())
	}
	if n := t.crashes(); n > 0 {
		t.add("nodes that ended by themselves", "", float64(n))
	}
	t.note("machine", machine(before))
	return err
}

// describe returns a line about the machine and the options of a run.
func describe(opt options) string {
	parts := []string{fmt.Sprintf("%d nodes, %d CPUs, %s/%s", opt.nodes, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for _, program := range []string{opt.tamtamd, opt.serf} {
		if info, err := buildinfo.ReadFile(program); program != "" && err == nil {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", info.Main.Path, info.Main.Version, info.GoVersion))
		}
	}
	if opt.ipv6 {
		parts = append(parts, "IPv6")
	}
	if opt.delay > 0 {
		parts = append(parts, fmt.Sprintf("%v each way between the halves", opt.delay))
	}
	if opt.plain > 0 {
		parts = append(parts, fmt.Sprintf("%d plain Smudge members beside them", opt.plain))
	}
	if opt.tamtamdArgs != "" {
		parts = append(parts, "tamtamd "+opt.tamtamdArgs)
	}
	return strings.Join(parts, "; ") + ". Median (greatest)."
}

func writeFile(path, about string, fs figures) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(writeJSON(f, about, fs), f.Close())
}
