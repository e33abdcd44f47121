// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import "context"

// seeker seeks seeds that may be exchanged for others while it runs.
type seeker struct {
	seek func(ctx context.Context, seeds []string) // until ctx is done
	next chan []string                             // has room for one
}

func newSeeker(seek func(context.Context, []string)) *seeker {
	return &seeker{seek, make(chan []string, 1)}
}

// set seeks other seeds from now on. It does not wait. One goroutine may call it.
func (s *seeker) set(seeds []string) {
	select {
	case <-s.next: // not taken yet
	default:
	}
	s.next <- seeds
}

// run seeks until ctx is done.
func (s *seeker) run(ctx context.Context, seeds []string) {
	for ctx.Err() == nil {
		seeking, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func(seeds []string) {
			s.seek(seeking, seeds)
			close(done)
		}(seeds) // as they are now
		select {
		case seeds = <-s.next:
		case <-ctx.Done():
		}
		cancel()
		<-done
	}
}
