// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package fanout

// NewWeighed is New of a hub whose readers may not fall behind by more than so many bytes, whatever their
// buffers are; size returns those of a value. All readers share the values, so what they have not taken is
// among the last values of so many bytes: that bounds what all of them hold.
func NewWeighed[T any](size func(T) int, bytes int) *Hub[T] {
	h := New[T]()
	h.lag = &lag[T]{size: size, bytes: bytes}
	return h
}

// lag knows how many bytes the last values have.
type lag[T any] struct {
	size  func(T) int
	bytes int
	most  int      // values that a reader may fall behind
	sums  []uint64 // of all values, after each of the last ones
	total uint64
}

func (l *lag[T]) add(size int) {
	if len(l.sums) > 2*l.most+64 {
		l.sums = append(l.sums[:0], l.sums[len(l.sums)-l.most-1:]...)
	}
	l.total += uint64(size)
	l.sums = append(l.sums, l.total)
}

// of returns how many bytes the last n values have.
func (l *lag[T]) of(n int) int {
	if n >= len(l.sums) {
		return int(l.total)
	}
	return int(l.total - l.sums[len(l.sums)-1-n])
}
