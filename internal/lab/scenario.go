// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// scenario is a sequence of events in a cluster, and what is measured.
type scenario struct {
	name  string
	about string
	run   func(ctx context.Context, t *trial) error
	keys  bool // needs a system with keys
}

// scenarios has all scenarios, in the order in which they run. Each starts its own
// processes, so it may run without the others.
var scenarios = []scenario{
	{"join", "all join one at once", join, false},
	{"rest", "nothing happens", rest, false},
	{"loss10", "one packet in ten is lost", loss(10, false), false},
	{"loss30", "three in ten are", loss(30, false), false},
	{"loss10busy", "one in ten is lost while loops keep the processors busy", loss(10, true), false},
	{"loss30busy", "three in ten are, and the same", loss(30, true), false},
	{"hog", "others take the processors away for a while", hog, false},
	{"stop", "half of the processes stand still for a while", halfStopped, false},
	{"kill", "a node ends without a word, and comes back", kill(0), false},
	{"kill30", "the same while three packets in ten are lost", kill(30), false},
	{"cut", "a host can neither send nor receive, then it can again", cut, false},
	{"pause", "a process stands still for a second", pause, false},
	{"leave", "a node leaves gracefully, and comes back", leave, false},
	{"partition", "one half cannot reach the other, then it can again", partition, false},
	{"rack", "all hosts but four are gone at once, then they are back", rack, false},
	{"mesh", "two nodes reach each other only by way of others", mesh, false},
	{"cast1", "a node broadcasts a message a second", steadily(false, 1, 0), false},
	{"cast10", "ten a second", steadily(false, 10, 0), false},
	{"cast100", "a hundred a second", steadily(false, 100, 0), false},
	{"cast10loss10", "ten a second while one packet in ten is lost", steadily(false, 10, 10), false},
	{"cast100loss30", "a hundred a second while three packets in ten are lost", steadily(false, 100, 30), false},
	{"castall", "all nodes broadcast five messages a second", steadily(true, 5, 0), false},
	{"castallloss30", "the same while three packets in ten are lost", steadily(true, 5, 30), false},
	{"pace", "a node broadcasts as many messages as it can", pace, false},
	{"castpartition", "two nodes broadcast while the halves are apart and after", castPartition, false},
	{"castkill", "a node ends without a word when it has taken a message", castKill, false},
	{"castrestart", "a node ends and starts again in the midst of broadcasting", castRestart, false},
	{"query", "a node asks all, once and then ten times a second", queries(0), false},
	{"queryloss10", "the same while one packet in ten is lost", queries(10), false},
	{"queryloss30", "the same while three packets in ten are lost", queries(30), false},
	{"queryallloss30", "all nodes ask all while three packets in ten are lost", queryAll(30), false},
	{"rotate", "the keys of the cluster change again and again while nodes broadcast", rotate(0), true},
	{"rotate10", "the same while one packet in ten is lost", rotate(10), true},
}

func join(ctx context.Context, t *trial) error {
	for range t.opt.rounds {
		if err := t.startAll(ctx); err != nil {
			return err
		}
		since := time.Now()
		t.joinAll(ctx)
		if _, err := t.timed(ctx, "all see all", since, t.board.allAlive); err != nil {
			return err
		}
	}
	return nil
}

// loss counts the false alarms on a network that loses packets; on a busy machine while
// loops of the nodes' own niceness want its processors, too.
func loss(percent int, busy bool) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		if err := t.fresh(ctx); err != nil {
			return err
		}
		if busy {
			stop, err := startHogs(t.opt.hogs, 0, t.opt.alarm)
			if err != nil {
				return err
			}
			defer stop()
		}
		since := time.Now()
		if err := t.net.apply(ctx, faults{loss: percent}); err != nil {
			return err
		}
		if err := t.pass(ctx, t.opt.alarm); err != nil {
			return err
		}
		for _, s := range t.alarms() {
			t.add("false "+s.String(), "/min", float64(t.board.count(since, s))/t.opt.alarm.Minutes())
		}
		return nil
	}
}
