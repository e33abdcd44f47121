// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

// Follow has f told each delivery, in order, as a reader is. f must be quick and not
// call the Broadcaster. It is to be called before Run.
func (b *Broadcaster) Follow(f func(Delivery)) { b.follow = f }

// deliver hands a delivery to whoever reads. mu is held.
func (b *Broadcaster) deliver(d Delivery) {
	b.hub.Publish(d)
	if b.follow != nil {
		b.follow(d)
	}
}

// SetKeep changes how many messages are kept, and bytes. What is over the new bounds is
// given up at once, the oldest first.
func (b *Broadcaster) SetKeep(keep, keepBytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cfg.Keep, b.cfg.KeepBytes = keep, keepBytes
	s := b.core.store
	s.maxCount, s.maxBytes = keep, keepBytes
	s.trim()
}

// Poke has Run go round once, soon.
func (b *Broadcaster) Poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Rounds returns how often Run went round.
func (b *Broadcaster) Rounds() uint64 { return b.rounds.Load() }
