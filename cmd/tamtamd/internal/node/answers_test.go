// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// TestAnswerer: questions about keys go to the keyring, and others are not understood.
func TestAnswerer(t *testing.T) {
	ring, err := keyring.FromText(keyring.Generate())
	if err != nil {
		t.Fatal(err)
	}
	answer := answerer(&keys.Cluster{Ring: ring, Logger: log.NewNopLogger()}, nil, nil, nil)
	a, err := answer(netip.AddrPort{}, &peerv1.Question{Question: &peerv1.Question_Keys{Keys: &peerv1.KeysQuestion{}}})
	if err != nil || len(a.GetKeys().GetKeys()) != 1 {
		t.Errorf("%v, %v", a, err)
	}
	if a, err := answer(netip.AddrPort{}, &peerv1.Question{}); !errors.Is(err, errUnknownQuestion) {
		t.Errorf("of a later version: %v, %v", a, err)
	}
}
