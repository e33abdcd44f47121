// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (t *tamtam) broadcast(ctx context.Context, i int, payload []byte) error {
	client := tamtamv1.NewTamTamServiceClient(t.conns[i].Load())
	_, err := client.Broadcast(ctx, &tamtamv1.BroadcastRequest{Payload: payload})
	return err
}

func (t *tamtam) listen(ctx context.Context, i int, r reader) error {
	client := tamtamv1.NewTamTamServiceClient(t.conns[i].Load())
	stream, err := client.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
	if err != nil {
		return err
	}
	// With the header the daemon promises every message from now on.
	if _, err := stream.Header(); err != nil {
		return err
	}
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				r.ended(err)
				return
			}
			at := time.Since(labBegan)
			if g := m.GetGap(); g != nil {
				r.gap(int(g.GetTo() - g.GetFrom() + 1))
			} else {
				r.message(m.GetMessage().GetPayload(), at)
			}
		}
	}()
	return nil
}
