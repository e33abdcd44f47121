// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"fmt"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// recipientsOf returns the recipients that a request names. Fails with errInvalid.
func recipientsOf(members []string, tags []*tamtamv1.TagPattern) (to recipients.Recipients, err error) {
	if to.Members, err = addressesIn("members", members); err != nil {
		return to, err
	}
	for _, t := range tags {
		to.Tags = append(to.Tags, &peerv1.TagCondition{Key: t.GetKey(), Pattern: t.GetPattern(), Exclude: t.GetExclude()})
	}
	return to, nil
}

// addressesIn returns the gossip addresses in a field of a request. Fails with errInvalid.
func addressesIn(field string, texts []string) (all []netip.AddrPort, err error) {
	for _, text := range texts {
		a, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s holds %q: want an IP and a port", errInvalid, field, text)
		}
		all = append(all, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	return all, nil
}
