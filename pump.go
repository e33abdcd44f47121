// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/dial"
)

// pump yields what run hands to each, and then its error. A loop over it runs on its own goroutine, and run
// on another, which has ended when the loop has. While the loop does not take a value, each waits: so a slow
// reader is slow for the daemon, too.
func pump[T any](ctx context.Context, run func(ctx context.Context, each func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		values, ended := make(chan T), make(chan struct{})
		var err error // written before ended is closed
		go func() {
			defer close(ended)
			err = run(ctx, func(v T) error {
				select {
				case values <- v:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}()
		defer func() {
			cancel()
			<-ended
		}()
		for {
			select {
			case v := <-values:
				if !yield(v, nil) {
					return
				}
			case <-ended:
				if err != nil {
					var none T
					yield(none, wrap(err))
				}
				return
			}
		}
	}
}

// stream opens a stream over a connection of its own and hands each message to each. gRPC would wait before
// it connects again; and a stream that is read slowly must not delay other calls.
func stream[T any](ctx context.Context, c dial.Config, open func(context.Context, *dial.Conn) (grpc.ServerStreamingClient[T], error), each func(*T) error) error {
	return c.With(func(conn *dial.Conn) error {
		return dial.Stream(ctx, conn, func(ctx context.Context) (grpc.ServerStreamingClient[T], error) { return open(ctx, conn) }, each)
	})
}
