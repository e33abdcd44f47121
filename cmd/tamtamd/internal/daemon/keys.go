// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// keyringOf returns the keyring of a file, or that which the environment holds, or nil
// when neither is given: an empty variable is, and holds no key. The text of the
// environment is never told.
func keyringOf(file string) (*keyring.Ring, error) {
	text, given := os.LookupEnv(daemonflags.KeyringEnv)
	switch {
	case file != "" && given:
		return nil, fmt.Errorf("--keyring-file %s and %s are both given: leave one of them out", file, daemonflags.KeyringEnv)
	case file != "":
		ring, err := keyring.Load(file)
		if err != nil {
			return nil, fmt.Errorf("--keyring-file: %w", err)
		}
		return ring, nil
	case given:
		ring, err := keyring.FromText(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", daemonflags.KeyringEnv, err)
		}
		return ring, nil
	}
	return nil, nil
}

// errUnknownQuestion: a later version asks.
var errUnknownQuestion = errors.New("this version does not know the question")

// answerer answers the questions of members.
func answerer(keys *keys.Cluster, inspector *inspect.Inspector, observer *reach.Observer) func(netip.AddrPort, *peerv1.Question) (*peerv1.Answer, error) {
	return func(from netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error) {
		switch q := q.GetQuestion().(type) {
		case *peerv1.Question_Keys:
			return keys.Answer(from, q.Keys)
		case *peerv1.Question_Inspect:
			return inspector.Answer(from, q.Inspect)
		case *peerv1.Question_Links:
			return observer.Answer(q.Links)
		default:
			return nil, errUnknownQuestion
		}
	}
}
