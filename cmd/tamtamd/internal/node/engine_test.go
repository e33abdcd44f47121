// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
)

// notes is what the engine was told.
type notes struct {
	added, removed, pinged []netip.AddrPort
	delivered              []delivery
}

type delivery struct {
	from    netip.AddrPort
	verb    datagram.Verb
	entries []datagram.Entry
}

// engine is the world as Engine.
type engine struct{ *world }

var _ Engine = engine{}

func (w engine) Add(a netip.AddrPort) error {
	w.mu.Lock()
	slow := w.slow
	w.mu.Unlock()
	time.Sleep(slow)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.addErr != nil {
		return w.addErr
	}
	if !w.engine[a] { // one that it knows stays as it is
		w.engine[a] = true
		w.heard.added = append(w.heard.added, a)
	}
	return nil
}

func (w engine) Remove(a netip.AddrPort) {
	w.mu.Lock()
	before := w.atRemove
	w.mu.Unlock()
	if before != nil {
		before(a)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.engine[a] {
		delete(w.engine, a)
		w.heard.removed = append(w.heard.removed, a)
	}
}

func (w engine) Ping(a netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard.pinged = append(w.heard.pinged, a)
}

func (w engine) Drain() {}

func (w engine) SetMinPing(time.Duration) {}

func (w engine) States() map[netip.AddrPort]smudgenode.State { return w.states }

func (w engine) Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool {
	w.mu.Lock()
	known := w.engine[from]
	w.mu.Unlock()
	if !known {
		return false
	}
	got := delivery{from: from, verb: d.Verb()}
	for i := range d.Len() {
		if e, ok := filter.MapEntry(d.Entry(i)); ok {
			got.entries = append(got.entries, e)
		} else if d.IsTarget(i) {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard.delivered = append(w.heard.delivered, got)
	return true
}

var errNoSocket = errors.New("no socket left")
