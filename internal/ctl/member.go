// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// listed asks for the members, and looks each text up that may be a host name and stands for
// none of them.
func listed(ctx context.Context, c *client.Conn, wanted ...*arg.Member) ([]*tamtamv1.Member, error) {
	r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil {
		return nil, err
	}
	for _, m := range wanted {
		if len(m.All(r.GetMembers())) == 0 {
			m.LookUp(ctx)
		}
	}
	return r.GetMembers(), nil
}

// meant returns what a text stands for, and the members among which it does.
func meant(ctx context.Context, c *client.Conn, text string) (m arg.Member, members []*tamtamv1.Member, err error) {
	if m, err = arg.ParseMember(text); err == nil {
		members, err = listed(ctx, c, &m)
	}
	return m, members, err
}

// member returns the member that a text stands for; see arg.Member.
func member(ctx context.Context, c *client.Conn, text string) (*tamtamv1.Member, error) {
	m, members, err := meant(ctx, c, text)
	if err != nil {
		return nil, err
	}
	return m.One(members)
}

// addresses returns the addresses of the members that texts stand for, and an address of no
// member as it is. within bounds the calls.
func addresses(ctx context.Context, c *client.Conn, texts []string, within time.Duration) (all []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for _, text := range texts {
		address, err := memberAddress(ctx, c, text)
		if err != nil {
			return nil, c.Explain(err)
		}
		if _, err := netip.ParseAddrPort(address); err != nil {
			return nil, &arg.UnknownError{Text: text}
		}
		all = append(all, address)
	}
	return all, nil
}

// memberAddress returns the address of the member that a text stands for, or the text itself if
// no member is meant: the daemon may know more.
func memberAddress(ctx context.Context, c *client.Conn, text string) (string, error) {
	m, err := arg.ParseMember(text)
	if err != nil {
		return "", err
	}
	if a, ok := m.IsAddress(); ok {
		return a.String(), nil
	}
	one, err := member(ctx, c, text)
	var unknown *arg.UnknownError
	if errors.As(err, &unknown) {
		return text, nil
	}
	return one.GetAddress(), err
}
