// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/profiles"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// errUnknownQuestion: the member that asks has a later version.
var errUnknownQuestion = errors.New("this version does not know the question")

// answerer answers the questions of members, each by the part of the node that it is about.
func answerer(keys *keys.Cluster, inspector *inspect.Inspector, observer *reach.Observer, profiles *profiles.Profiles) peers.Answer {
	return func(from netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error) {
		switch q := q.GetQuestion().(type) {
		case *peerv1.Question_Keys:
			return keys.Answer(from, q.Keys)
		case *peerv1.Question_Inspect:
			return inspector.Answer(from, q.Inspect)
		case *peerv1.Question_Links:
			return observer.Answer(q.Links)
		case *peerv1.Question_Profile:
			return profiles.Answer(q.Profile)
		default:
			return nil, errUnknownQuestion
		}
	}
}
