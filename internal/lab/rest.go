// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// warmUp is how long a new cluster may take until there is no more news to spread.
const warmUp = 10 * time.Second

// rest measures the resources of each node while nothing happens.
func rest(ctx context.Context, t *trial) error {
	if err := t.fresh(ctx); err != nil {
		return err
	}
	if err := t.pass(ctx, warmUp); err != nil {
		return err
	}
	before := make([]usage, t.n)
	began := make([]time.Time, t.n)
	for i := range t.n {
		var err error
		if before[i], err = measure(t.net.hosts[i], t.pid(i)); err != nil {
			return err
		}
		began[i] = time.Now()
	}
	if err := t.pass(ctx, t.opt.rest); err != nil {
		return err
	}
	var bytes, packets, cpu, memory []float64
	for i := range t.n {
		after, err := measure(t.net.hosts[i], t.pid(i))
		if err != nil {
			return err
		}
		took := time.Since(began[i])
		mib, err := resident(t.pid(i))
		if err != nil {
			return err
		}
		bytes = append(bytes, float64(after.bytes-before[i].bytes)/took.Seconds())
		packets = append(packets, float64(after.packets-before[i].packets)/took.Seconds())
		cpu = append(cpu, (after.cpu-before[i].cpu)/took.Minutes())
		memory = append(memory, mib)
	}
	t.add("sent by a node, IP", "B/s", bytes...)
	t.add("packets of a node", "/s", packets...)
	t.add("CPU of a node", "s/min", cpu...)
	t.add("memory of a node", "MiB", memory...)
	return nil
}
