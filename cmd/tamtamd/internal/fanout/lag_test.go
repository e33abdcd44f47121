// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"errors"
	"testing"
)

// TestReaderFallsBehindInBytes: a reader may have so many bytes before it, whatever it read earlier; and one value,
// however large.
func TestReaderFallsBehindInBytes(t *testing.T) {
	h := NewWeighed(func(v int) int { return v }, 100)
	slow, quick := h.Subscribe(8), h.Subscribe(8)
	for range 1000 {
		h.Publish(30)
		if v := <-quick.C(); *v != 30 {
			t.Fatal(*v)
		}
		if v := <-slow.C(); *v != 30 {
			t.Fatal(*v)
		}
	}
	for i, v := range []int{50, 50, 1} {
		h.Publish(v)
		<-quick.C()
		if got := len(slow.C()); got != min(i+1, 2) {
			t.Errorf("after %d values, %d wait", i+1, got)
		}
	}
	if got := all(slow); len(got) != 2 || !errors.Is(slow.Err(), ErrOverflow) {
		t.Errorf("got %v, then %v", got, slow.Err())
	}
	h.Publish(1000)
	if v := <-quick.C(); *v != 1000 {
		t.Error(*v)
	}
	for range 9 {
		h.Publish(1)
	}
	if got := all(quick); len(got) != 8 || !errors.Is(quick.Err(), ErrOverflow) {
		t.Errorf("got %v, then %v", got, quick.Err())
	}
}
