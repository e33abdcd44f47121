// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import "time"

const (
	// directAll is the largest number of members to which an origin ever pushes itself.
	directAll = 256
	// directRate is the number of copies a second that an origin of a cluster of more
	// than pushAll members pushes itself, and directBurst the number at once. Pushed by
	// the origin, a message arrives once at each member; passed on, it arrives fanOut
	// times. But the origin alone does the work, so at a higher rate the members share it.
	directRate  = 30_000
	directBurst = 1024
)

// direct is what an origin may still push itself, as a token bucket of copies.
type direct struct {
	copies float64
	at     time.Time // when copies was right; zero for a full bucket
}

// take reports whether the origin pushes a message to all n members itself, and counts
// the copies if so.
func (d *direct) take(n int, now time.Time) bool {
	if d.at.IsZero() {
		d.copies = directBurst
	} else if since := now.Sub(d.at); since > 0 {
		d.copies = min(directBurst, d.copies+since.Seconds()*directRate)
	}
	d.at = now
	if d.copies < float64(n) {
		return false
	}
	d.copies -= float64(n)
	return true
}
