// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/netip"
	"time"
)

// Scenarios in which the network is partitioned and healed.

// cut disconnects a host.
func cut(ctx context.Context, t *trial) error {
	err := t.fresh(ctx)
	for i := 0; i < t.opt.rounds && err == nil; i++ {
		victim, since := t.victim(i), time.Now()
		if err := t.net.apply(ctx, faults{cut: []netip.Addr{t.net.address(victim)}}); err != nil {
			return err
		}
		if _, err := t.timed(ctx, "seen DEAD by all", since, t.board.seen(victim, dead)); err != nil {
			return err
		}
		err = heal(ctx, t)
	}
	return err
}

// partition cuts the halves of the network apart.
func partition(ctx context.Context, t *trial) error {
	err := t.fresh(ctx)
	for i := 0; i < t.opt.rounds && err == nil; i++ {
		if err := t.net.apply(ctx, faults{apart: t.net.addresses(t.n / 2)}); err != nil {
			return err
		}
		if err := t.pass(ctx, t.opt.partition); err != nil {
			return err
		}
		err = heal(ctx, t)
	}
	return err
}

// heal removes all faults, and records when all nodes see all others alive.
func heal(ctx context.Context, t *trial) error {
	since := time.Now()
	if err := t.net.apply(ctx, faults{}); err != nil {
		return err
	}
	healed, err := t.timed(ctx, "healed: all see all", since, t.board.allAlive)
	if err != nil || healed {
		return err
	}
	return t.fresh(ctx)
}
