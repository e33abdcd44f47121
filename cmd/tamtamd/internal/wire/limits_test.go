// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestLimits: the wire carries what others are told that it does.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		what       string
		have, want int
	}{
		{"bytes of a frame", MaxFrame, limits.Frame},
		{"bytes of a message", MaxMessage, limits.FrameData},
		{"bytes of the name of a cluster", MaxCluster, limits.MaxCluster},
		{"bytes of the name of a node", MaxName, limits.MaxName},
		{"bytes of a key", len(Key{}), limits.KeySize},
	} {
		if c.have != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.have, c.want)
		}
	}
}
