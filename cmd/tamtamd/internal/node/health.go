// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import "time"

// A node that gets no processor time finds all others late. What it then says of them
// makes work for all, and where all are short of time, as a hundred nodes on one
// small machine are, brings everything to a stand. So it measures how late it is
// itself, and is more patient with others the later it is (as Lifeguard is: Dadgar,
// Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
// Detection", 2018).
const (
	// lateStep is how late a node must be to be twice as patient.
	lateStep = 50 * time.Millisecond
	// maxHealth is the most times that it is more patient.
	maxHealth = 8
)

// manyAdmissions is how many members must be admitted between two looks for a node to
// take it that all are busy: a cluster is forming, or healing.
const manyAdmissions = 16

// admission notes that a member was admitted, and returns whether it is to be more
// patient now.
func (h *health) admission() bool {
	h.admissions++
	if h.admissions != manyAdmissions {
		return false
	}
	h.late = max(h.late, 2*lateStep)
	return true
}

// health is how late a node has been lately.
type health struct {
	late       time.Duration // the worst of late; halved with each look
	admissions int           // since then
}

// look notes that something was done that long after it was due.
func (h *health) look(late time.Duration) {
	h.late = max(late, h.late/2)
	if h.admissions >= manyAdmissions {
		h.late = max(h.late, 2*lateStep)
	}
	h.admissions = 0
}

// factor returns how many times more patient than usual the node is to be: 1, 2, 4
// or 8.
func (h *health) factor() int {
	f := 1
	for d := lateStep; h.late >= d && f < maxHealth; d *= 2 {
		f *= 2
	}
	return f
}
