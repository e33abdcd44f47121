// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestLimits: what a node takes is what the flags let a user ask for.
func TestLimits(t *testing.T) {
	if MinHeartbeat != limits.MinHeartbeat || MaxHeartbeat != limits.MaxHeartbeat {
		t.Errorf("heartbeats %v to %v, want %v to %v", MinHeartbeat, MaxHeartbeat, limits.MinHeartbeat, limits.MaxHeartbeat)
	}
}
