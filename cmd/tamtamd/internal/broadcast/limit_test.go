// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestLongMessageNeedsAll: it is sent if all live members take as much; the error names the first that does not. Plain
// Smudge nodes do not get it, and do not count.
func TestLongMessageNeedsAll(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.MaxPayload = MaxPayload
		long := addressable(2, "role=web\n")
		long.MaxPayload = MaxPayload
		w.member(peer, member.Alive, long)
		w.member(other, member.Alive, member.Info{})
		send := func(size int, r Request, text string) Receipt {
			t.Helper()
			r.Payload = make([]byte, size)
			got, err := w.Send(context.Background(), r)
			if text == "" && err != nil || text != "" && (!errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), text)) {
				t.Errorf("%d bytes: %v, want %q", size, err, text)
			}
			return got
		}
		bare := func() int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.bare[other]
		}
		if got := send(MaxPayload, Request{}, ""); got.Members != 1 || got.Sequence != maxPieces {
			t.Errorf("%+v", got)
		}
		if bare() != 0 || w.core.counts.Get(plainTooLarge) != 1 {
			t.Error("the plain node got it")
		}
		if got := send(pieceSize, Request{}, ""); got.Members != 2 || got.Sequence != maxPieces+1 || bare() != 1 {
			t.Errorf("%+v", got)
		}
		if got := send(20_000, Request{To: role("web")}, ""); got.Members != 1 || got.Sequence != maxPieces+1+21 {
			t.Errorf("%+v", got)
		}
		send(MaxPayload+1, Request{}, "65537 bytes, at most 65536")
		if w.Limit() != MaxPayload || w.AddressedLimit() != MaxPayload {
			t.Errorf("limits %d, %d", w.Limit(), w.AddressedLimit())
		}
		last := w.core.own.last
		old := addressable(3, "")
		old.MaxPayload = 1024
		w.member(at(9), member.Alive, old)
		w.member(at(8), member.Alive, addressable(4, "")) // it has not said
		send(pieceSize+1, Request{}, "1025 bytes, at most 1024, as the member "+at(8).String()+" takes no more than 1024; nothing was sent")
		send(1000, Request{To: role("web")}, "1000 bytes, at most 768, as the member "+at(8).String())
		if w.Limit() != 1024 || w.AddressedLimit() != 768 || w.core.own.last != last {
			t.Errorf("limits %d, %d", w.Limit(), w.AddressedLimit())
		}
	})
}
