// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"
)

const (
	// serfEvent is the name of the user events. By default an agent takes 512 bytes,
	// name and payload together.
	serfEvent = "cast"
	// serfAhead is the number of events that the client buffers; it drops more.
	serfAhead = 1 << 14
)

var errStreamEnded = errors.New("the stream of events ended")

// broadcast fires a user event, without coalescing events of the same name.
func (s *serf) broadcast(_ context.Context, i int, payload []byte) error {
	return s.clients[i].Load().UserEvent(serfEvent, payload, false)
}

// listen reads the user events of node i. The client closes the channel when the
// connection ends.
func (s *serf) listen(ctx context.Context, i int, r reader) error {
	c := s.clients[i].Load()
	events := make(chan map[string]any, serfAhead)
	handle, err := c.Stream("user", events)
	if err != nil {
		return err
	}
	go func() {
		for {
			select {
			case e, ok := <-events:
				if !ok {
					r.ended(errStreamEnded)
					return
				}
				at := time.Since(labBegan)
				if payload, ok := e["Payload"].([]byte); ok {
					r.message(payload, at)
				}
			case <-ctx.Done():
				_ = c.Stop(handle) // fails if the agent has ended
				r.ended(ctx.Err())
				return
			}
		}
	}()
	return nil
}
