// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// A and B, between which no packet passes. All others reach both, node 0 among them,
// which the others join.
const (
	meshA = 1
	meshB = 2
)

const (
	// meshRate is how many messages a second A sends.
	meshRate = 10
	// meshCast bounds the time for which it does; -cast may be less.
	meshCast = 5 * time.Second
)

var errTooFew = errors.New("too few nodes")

// mesh compares a cluster in which two nodes cannot reach each other directly with one
// without faults.
func mesh(ctx context.Context, t *trial) error {
	if t.n < 3 {
		return fmt.Errorf("%w: want 3", errTooFew)
	}
	for range t.opt.rounds {
		for _, leg := range []meshLeg{
			{t, "direct", faults{}},
			{t, "blocked", faults{blocked: []netip.Addr{t.net.address(meshA), t.net.address(meshB)}}},
		} {
			if err := leg.run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// meshLeg is one of the two clusters.
type meshLeg struct {
	*trial
	name   string
	faults faults
}

func (l meshLeg) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx) // ends the readers
	defer cancel()
	if err := l.startAll(ctx); err != nil {
		return err
	}
	if err := l.net.apply(ctx, l.faults); err != nil {
		return err
	}
	since := time.Now()
	l.joinAll(ctx)
	if _, err := l.timed(ctx, l.name+": all others see all", since, l.board.allAliveBut(meshA, meshB)); err != nil {
		return err
	}
	if err := l.listed(ctx, "A and B list each other", since); err != nil {
		return err
	}
	c := &cast{trial: l.trial, ledger: newLedger(l.n), close: make([]context.CancelFunc, l.n)}
	if err := c.openAll(ctx); err != nil {
		return err
	}
	if err := l.messages(ctx, c, stream{origin: meshA}, "messages"); err != nil {
		return err
	}
	if err := l.waitAll(ctx, c); err != nil {
		return err
	}
	c.end(meshA)
	since = time.Now()
	if err := c.renew(ctx, meshA); err != nil {
		return err
	}
	if err := l.listed(ctx, "A restarted: they do again", since); err != nil {
		return err
	}
	return l.messages(ctx, c, stream{origin: meshA, life: 1}, "A restarted: messages")
}

// listed records when A and B see each other alive. Later they may lose each other; the
// messages show that.
func (l meshLeg) listed(ctx context.Context, what string, since time.Time) error {
	_, err := l.timed(ctx, l.name+": "+what, since, l.board.mutual(meshA, meshB))
	return err
}

// messages makes A send for a while, and records what B lacks.
func (l meshLeg) messages(ctx context.Context, c *cast, s stream, what string) error {
	c.steady(ctx, s, meshRate, min(meshCast, l.opt.cast))
	limited, cancel := context.WithTimeout(ctx, l.opt.straggle)
	defer cancel()
	c.await(limited, time.Since(labBegan))
	lacks, latency := c.ledger.read(s, meshB)
	l.add(l.name+": "+what+" of A that B lacks", "", float64(lacks))
	if len(latency) > 0 {
		l.add(l.name+": "+what+" of A at B", "ms", latency...)
	}
	return ctx.Err()
}

// waitAll makes A wait until all have a message, and compares the answer with what the
// others have read.
func (l meshLeg) waitAll(ctx context.Context, c *cast) error {
	w, ok := l.system.(waiting)
	if !ok {
		return nil
	}
	m := stamp{stream{origin: meshA, life: 2}, 1, time.Since(labBegan)}
	limited, cancel := context.WithTimeout(ctx, l.opt.straggle)
	defer cancel()
	have, missing, err := w.broadcastAll(limited, meshA, m.payload(castSize))
	took := time.Since(labBegan) - m.sent
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		l.say("%s: --wait all: %v", l.name, err)
	}
	c.ledger.sent(m, err == nil)
	// A reader of the lab may be later than the answer to the origin.
	if err := l.pass(ctx, castTail); err != nil {
		return err
	}
	holders := c.ledger.holders(m.stream, m.sequence)
	wrong := 0.0
	if err != nil || !truthful(l.n-1, have, missing, holders) {
		wrong = 1
	}
	l.add(l.name+": --wait all took", "ms", took.Seconds()*1000)
	l.add(l.name+": --wait all was wrong", "", wrong)
	l.note(l.name+": --wait all", fmt.Sprintf("have %d, missing %d; %d of %d have it", have, missing, holders, l.n-1))
	return nil
}

// truthful reports whether an answer that so many members have a message, and so many are
// not known to have it, is that about all others, and claims for none of them what is not so.
func truthful(others, have, missing, holders int) bool {
	return have+missing == others && have <= holders
}

// allAliveBut is the condition that each node sees all nodes alive, but for what a and b
// see of each other.
func (b *board) allAliveBut(x, y int) func() bool {
	return func() bool {
		for i := range b.up {
			if !b.up[i] {
				return false
			}
			for k, s := range b.view[i] {
				if s != alive && !(i == x && k == y) && !(i == y && k == x) {
					return false
				}
			}
		}
		return true
	}
}

// mutual is the condition that two nodes see each other alive.
func (b *board) mutual(x, y int) func() bool {
	return func() bool { return b.view[x][y] == alive && b.view[y][x] == alive }
}

// read returns what the reader of a node got of a stream: how many messages it lacks, and
// how long the others took, in milliseconds.
func (l *ledger) read(s stream, reader int) (lacks int, latency []float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var t castTally
	t.read(l.of(s), reader, reader == s.origin)
	return t.due - t.delivered, t.latency
}
