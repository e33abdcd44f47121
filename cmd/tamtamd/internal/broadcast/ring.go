// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

// ring is a queue whose values have places, which count them: begin is that of the oldest, end that of the next
// one. It takes memory for at most twice as many values as it has, and some more, and none for one that takes the
// place of another. The zero value is empty.
type ring[T any] struct {
	begin, end uint64
	slots      []T // each value is at its place, modulo the length
}

// spareSlots is for how many more values than twice those that it has a ring keeps memory.
const spareSlots = 32

func (r *ring[T]) len() int { return int(r.end - r.begin) }

// at returns the value at a place, which must be in the ring. It is valid until another is pushed or dropped.
func (r *ring[T]) at(place uint64) *T { return &r.slots[place%uint64(len(r.slots))] }

// push adds a zero value as the last one, and returns it.
func (r *ring[T]) push() *T {
	if r.len() == len(r.slots) {
		r.resize()
	}
	r.end++
	return r.at(r.end - 1)
}

// drop drops the oldest value. There is one.
func (r *ring[T]) drop() {
	var none T
	*r.at(r.begin) = none
	r.begin++
	if len(r.slots) > 2*r.len()+spareSlots {
		r.resize()
	}
}

// resize makes room for a quarter more values than there are.
func (r *ring[T]) resize() {
	to := ring[T]{begin: r.begin, end: r.end, slots: make([]T, r.len()+r.len()/4+8)}
	for place := r.begin; place < r.end; place++ {
		*to.at(place) = *r.at(place)
	}
	*r = to
}
