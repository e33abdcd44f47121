// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestSeekerExchangesSeeds: only the last seeds that were set are sought, and the ones
// before are sought no longer.
func TestSeekerExchangesSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		s := newSeeker(func(ctx context.Context, seeds []string) {
			log = append(log, "seek "+strings.Join(seeds, ","))
			<-ctx.Done()
			log = append(log, "end "+strings.Join(seeds, ","))
		})
		ctx, cancel := context.WithCancel(t.Context())
		s.set([]string{"b"})
		s.set([]string{"c", "d"}) // before b was taken
		ended := make(chan struct{})
		go func() {
			s.run(ctx, []string{"a"})
			close(ended)
		}()
		synctest.Wait()
		cancel()
		<-ended
		if want := []string{"seek a", "end a", "seek c,d", "end c,d"}; !slices.Equal(log, want) {
			t.Errorf("%q, want %q", log, want)
		}
	})
}
