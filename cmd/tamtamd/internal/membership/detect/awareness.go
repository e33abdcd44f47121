// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import "time"

const (
	// lateStep is how late a node must be to wait twice as long for others.
	lateStep = 50 * time.Millisecond
	// maxMultiplier is the greatest local health multiplier.
	maxMultiplier = 8
	// untrusted is the multiplier from which a node accuses nobody.
	untrusted = 4
	// manyAdmissions is how many members must be admitted between two observations for
	// a node to assume that all nodes are busy: a cluster forms, or heals.
	manyAdmissions = 16
)

// Awareness is a node's knowledge of its own health. A node that gets no processor time
// finds all others late. Its accusations then make work for all, and where all are short
// of time, as a hundred nodes on one small machine are, the cluster comes to a stand. So
// the node measures how late it is itself, and waits the longer for others the later it
// is (as Lifeguard does: Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for
// More Accurate Failure Detection", 2018). The zero value is a node in good health.
type Awareness struct {
	late       time.Duration // the worst observed; halved with each observation
	admissions int           // since the last observation
}

// Admitted notes that a member was admitted, and reports whether the multiplier may have
// grown by it.
func (a *Awareness) Admitted() bool {
	a.admissions++
	if a.admissions != manyAdmissions {
		return false
	}
	a.late = max(a.late, 2*lateStep)
	return true
}

// Late notes how late a wake-up was, and reports whether the multiplier has grown by it.
func (a *Awareness) Late(late time.Duration) bool {
	before := a.Multiplier()
	a.late = max(a.late, late)
	return a.Multiplier() > before
}

// Trusted reports whether the node may accuse others.
func (a *Awareness) Trusted() bool { return a.Multiplier() < untrusted }

// Observe notes that something was done that long after it was due.
func (a *Awareness) Observe(late time.Duration) {
	a.late = max(late, a.late/2)
	if a.admissions >= manyAdmissions {
		a.late = max(a.late, 2*lateStep)
	}
	a.admissions = 0
}

// Multiplier returns the local health multiplier: how many times longer than usual the
// node waits for others. It is 1, 2, 4 or 8.
func (a *Awareness) Multiplier() int {
	m := 1
	for d := lateStep; a.late >= d && m < maxMultiplier; d *= 2 {
		m *= 2
	}
	return m
}
