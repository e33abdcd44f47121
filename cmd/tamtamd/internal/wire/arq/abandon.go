// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

// Abandon gives up all that is in flight, because the other end is taken for gone. Until it
// returns, or is heard, the link is silent, and what is sent is not retransmitted.
func (l *Link) Abandon() {
	defer l.recount()
	for _, f := range l.flights {
		l.reachability.expired(f.first)
	}
	l.shared.Counts.Abandoned += uint64(len(l.flights))
	l.flights, l.bulk, l.gone = nil, 0, true
}

// Return takes a sign of life of the other end that is no frame of the link.
func (l *Link) Return() { l.gone = false }

// Gone reports whether the other end is taken for gone.
func (l *Link) Gone() bool { return l.gone }
