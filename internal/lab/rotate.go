// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// rotateRate is how many messages a second each of the origins sends meanwhile.
	rotateRate = 20
	// rotateOrigins is the number of origins.
	rotateOrigins = 4
	// rotatePause is the time between two steps, so that messages are sent in each state.
	rotatePause = 500 * time.Millisecond
)

// keyed is a system whose keys can be changed.
type keyed interface {
	keys(i int) tamtamv1.TamTamServiceClient
}

// errOpen: there are no keys to rotate.
var errOpen = errors.New("the system has no keys")

// rotate changes the keys of the cluster again and again, by way of another node each
// time, while nodes broadcast on a network that loses packets.
func rotate(lossPercent int) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		k, ok := t.system.(keyed)
		if !ok {
			return errOpen
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		c, err := newCast(ctx, t)
		if err != nil {
			return err
		}
		if err := t.pass(ctx, min(warmUp, t.opt.cast)); err != nil {
			return err
		}
		if err := t.net.apply(ctx, faults{loss: lossPercent}); err != nil {
			return err
		}
		began := time.Now()
		var wg sync.WaitGroup
		for i := range min(rotateOrigins, t.n) {
			wg.Go(func() { c.steady(ctx, stream{origin: i}, rotateRate, t.opt.cast) })
		}
		r := rotation{cast: c, keyed: k}
		for time.Since(began) < t.opt.cast {
			if err := r.turn(ctx); err != nil {
				return err
			}
		}
		wg.Wait()
		if err := c.finish(ctx); err != nil {
			return err
		}
		c.report("", allStreams)
		c.add("rotations: install, use, remove", "", float64(r.turns))
		c.add("steps that had to be repeated", "", float64(r.again))
		c.add("install took", "ms", r.took[0]...)
		c.add("use took", "ms", r.took[1]...)
		c.add("remove took", "ms", r.took[2]...)
		changes := 0
		for s := unlisted; s <= left; s++ {
			changes += c.board.count(began, s)
		}
		c.add("changes of members, of which there should be none", "", float64(changes))
		return r.check(ctx)
	}
}

// rotation is a change of keys in progress.
type rotation struct {
	*cast
	keyed
	turns, again int
	took         [3][]float64 // of each step, in milliseconds
	sealing      string       // the ID of the key that encrypts
}

// turn replaces the present key by a new one.
func (r *rotation) turn(ctx context.Context) error {
	client := r.keys(r.turns % r.n)
	if r.sealing == "" {
		l, err := client.ListKeys(ctx, &tamtamv1.ListKeysRequest{})
		if err != nil {
			return err
		}
		r.sealing = l.GetMembers()[0].GetKeys()[0]
	}
	key, name := newKey(), ""
	for i, step := range []func(context.Context) ([]*tamtamv1.MemberKeys, error){
		func(ctx context.Context) ([]*tamtamv1.MemberKeys, error) {
			a, err := client.InstallKey(ctx, &tamtamv1.InstallKeyRequest{Key: key[:]})
			name = a.GetKey()
			return a.GetMembers(), err
		},
		func(ctx context.Context) ([]*tamtamv1.MemberKeys, error) {
			a, err := client.UseKey(ctx, &tamtamv1.UseKeyRequest{Key: name})
			return a.GetMembers(), err
		},
		func(ctx context.Context) ([]*tamtamv1.MemberKeys, error) {
			a, err := client.RemoveKey(ctx, &tamtamv1.RemoveKeyRequest{Key: r.sealing})
			return a.GetMembers(), err
		},
	} {
		since := time.Now()
		if err := r.step(ctx, step); err != nil {
			return err
		}
		r.took[i] = append(r.took[i], time.Since(since).Seconds()*1000)
		if err := r.pass(ctx, rotatePause); err != nil {
			return err
		}
	}
	r.sealing = name
	r.turns++
	return nil
}

// step repeats one step until all members have done it, as a user would.
func (r *rotation) step(ctx context.Context, step func(context.Context) ([]*tamtamv1.MemberKeys, error)) error {
	var err error
	for range 3 {
		var members []*tamtamv1.MemberKeys
		if members, err = step(ctx); err == nil {
			i := slices.IndexFunc(members, func(m *tamtamv1.MemberKeys) bool { return m.GetError() != "" })
			if i < 0 {
				return nil
			}
			err = fmt.Errorf("%s: %s", members[i].GetAddress(), members[i].GetError())
		}
		r.say("a step failed: %v", err)
		r.again++
	}
	return err
}

// check fails unless all members have only the last key.
func (r *rotation) check(ctx context.Context) error {
	l, err := r.keys(0).ListKeys(ctx, &tamtamv1.ListKeysRequest{})
	if err != nil {
		return err
	}
	have := 0
	for _, m := range l.GetMembers() {
		if slices.Equal(m.GetKeys(), []string{r.sealing}) {
			have++
		}
	}
	r.add("nodes with the last key alone", "", float64(have))
	return nil
}
