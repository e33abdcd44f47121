// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestFindings: those are returned that some asker does not confirm in time, unless they are
// refuted.
func TestFindings(t *testing.T) {
	askers := []netip.AddrPort{carol, dave}
	for _, c := range []struct {
		name      string
		meanwhile func(f *Findings)
		silent    []netip.AddrPort
	}{
		{"silence", func(*Findings) {}, askers},
		{"one word, twice", func(f *Findings) { f.Confirmed(bob, carol); f.Confirmed(bob, carol) }, askers[1:]},
		{"all words", func(f *Findings) { f.Confirmed(bob, carol); f.Confirmed(bob, dave) }, nil},
		{"a refutation", func(f *Findings) { f.Forget(bob) }, nil},
		{"a word about another", func(f *Findings) { f.Confirmed(alice, carol) }, askers},
	} {
		f := NewFindings()
		if !f.Told(suspicion(), askers, epoch) || f.Told(suspicion(), askers, epoch) || !f.Told(death(), askers, epoch) || f.Told(suspicion(), askers, epoch) {
			t.Errorf("%s: told not once each, a suspicion and a death", c.name)
		}
		c.meanwhile(f)
		if early, _ := f.Tick(epoch.Add(findingTime - time.Millisecond)); len(early) != 0 {
			t.Errorf("%s: returned too early", c.name)
		}
		got, next := f.Tick(epoch.Add(findingTime))
		if found := len(got) == 1 && got[0].Entry == death() && slices.Equal(got[0].Silent, c.silent); found != (c.silent != nil) || len(got) > 1 || !next.IsZero() || len(f.open) != 0 {
			t.Errorf("%s: unconfirmed are %+v, next %v, %d open", c.name, got, next, len(f.open))
		}
	}
}
