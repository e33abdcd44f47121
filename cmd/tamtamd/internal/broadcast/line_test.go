// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestLongMessageIsNotOvertaken: a message that needs 65 places of the window gets them, although others that need
// one are sent all the time. One that gives up holds up nobody, and one that does not wait does not push in.
func TestLongMessageIsNotOvertaken(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.MaxPayload = MaxPayload
		w.member(peer, member.Alive, member.Info{Session: 2, MaxPayload: MaxPayload})
		for range Window {
			if _, err := w.Send(context.Background(), Request{}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		short, end := context.WithTimeout(ctx, 5*time.Millisecond)
		defer end()
		long := make(chan uint64, 1)
		send := func(ctx context.Context, payload int) (uint64, error) {
			r, err := w.Send(ctx, Request{Payload: make([]byte, payload)})
			return r.Sequence, err
		}
		go func() { // gives up while it is first
			if _, err := send(short, MaxPayload); !errors.Is(err, ErrBusy) {
				t.Errorf("it was sent: %v", err)
			}
		}()
		synctest.Wait()
		go func() {
			seq, err := send(ctx, MaxPayload)
			if err != nil {
				t.Error(err)
			}
			long <- seq
		}()
		synctest.Wait()
		for range 3 {
			go func() {
				for ctx.Err() == nil {
					_, _ = send(ctx, 1) // fails at the end
				}
			}()
		}
		synctest.Wait()
		for seq := range uint64(maxPieces) {
			time.Sleep(time.Millisecond)
			w.Acked(peer, 2, seq+1)
			if _, err := w.Send(ctx, Request{NoWait: true}); !errors.Is(err, ErrBusy) {
				t.Errorf("with %d places, one that does not wait was sent: %v", seq+1, err)
			}
		}
		synctest.Wait()
		select {
		case seq := <-long:
			if seq != Window+maxPieces {
				t.Errorf("it ends with %d, want %d", seq, Window+maxPieces)
			}
		default:
			t.Error("it was not sent")
		}
		w.Acked(peer, 2, maxPieces+1)
		w.Acked(peer, 2, maxPieces+2)
		synctest.Wait()
		if _, err := w.Send(ctx, Request{NoWait: true}); !errors.Is(err, ErrBusy) {
			t.Errorf("the others do not go on: %v", err)
		}
	})
}
