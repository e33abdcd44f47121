// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// reachability is whether what this end sends arrives.
type reachability struct {
	reachedAt      time.Time // when the other end last acknowledged a frame
	unreachedSince time.Time // when the first was sent of those given up since; zero for none
}

func (r *reachability) reached(now time.Time) { *r = reachability{reachedAt: now} }

// expired notes that a frame was given up. It counts if the other end has acknowledged none
// that was sent later.
func (r *reachability) expired(first time.Time) {
	if r.unreachedSince.IsZero() && !first.Before(r.reachedAt) {
		r.unreachedSince = first
	}
}
