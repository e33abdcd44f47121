// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// ordered fails when what members keeps does not follow from the peers.
func (w *world) ordered() {
	w.t.Helper()
	fresh := newMembers(detect.NewPings(nil), 0, w.cfg.Random)
	for _, p := range w.members.byAddr {
		life, unasked := p.life, p.unasked
		p.unasked = false
		fresh.put(p)
		stranger := fresh.strangers.has(p)
		p.life, p.unasked = life, unasked
		if w.members.ends.At(p.addr).IsZero() == p.status.Gone() {
			w.t.Errorf("%s is %v; when something must be done about it: %v", p.addr, p.status, w.members.ends.At(p.addr))
		}
		if w.members.strangers.has(p) != stranger {
			w.t.Errorf("%s is %v, proved: %v; among the strangers: %v", p.addr, p.status, p.proved(), w.members.strangers.has(p))
		}
	}
	one, only := w.pings.Only()
	if want, ok := fresh.pings.Only(); one != want || only != ok {
		w.t.Errorf("the only member on the ring is %v: %v, want %v: %v", one, only, want, ok)
	}
	if !slices.Equal(fresh.relayed, w.members.relayed) {
		w.t.Errorf("%d members are relayed, counted again %d", len(w.members.relayed), len(fresh.relayed))
	}
	if fresh.live != w.members.live || fresh.digest != w.members.digest || !slices.Equal(fresh.sorted, w.members.sorted) {
		w.t.Errorf("of %d members %d are live, digest %x; counted again %d, %x", w.members.len(), w.members.live, w.members.digest, fresh.live, fresh.digest)
	}
}
