// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/serf/client"
)

// serfQuery is the name of the queries.
const serfQuery = "echo"

// answer answers the queries of node i with their payload, as a handler of an agent would.
func (s *serf) answer(ctx context.Context, i int) error {
	c := s.clients[i].Load()
	events := make(chan map[string]any, serfAhead)
	handle, err := c.Stream("query", events)
	if err != nil {
		return err
	}
	go func() {
		defer func() { _ = c.Stop(handle) }() // fails if the agent has ended
		for {
			select {
			case e, ok := <-events:
				if !ok {
					return
				}
				payload, _ := e["Payload"].([]byte)
				if id, ok := number64(e["ID"]); ok {
					_ = c.Respond(id, payload) // fails if the query is over
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return nil
}

// number64 returns a number as its decoder makes it of one without a type.
func number64(v any) (n uint64, ok bool) {
	switch v := v.(type) {
	case uint64:
		return v, true
	case int64:
		return uint64(v), true
	}
	return 0, false
}

// query asks. An agent ends a query when its time is over, and names nobody.
func (s *serf) query(ctx context.Context, i int, payload []byte, timeout time.Duration, each func(member, why string)) error {
	answers := make(chan client.NodeResponse, 2*len(s.clients))
	if err := s.clients[i].Load().Query(&client.QueryParam{Name: serfQuery, Payload: payload, Timeout: timeout, RespCh: answers}); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	for {
		select {
		case r, ok := <-answers:
			if !ok {
				return nil
			}
			// Between the end of a query and that of its stream, an agent sends empty ones.
			if r.From != "" {
				each(r.From, "")
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
