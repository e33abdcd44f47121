// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// recipients are the members that a question or a message is for: --to.
type recipients struct {
	members []string
	tags    []*tamtamv1.TagPattern
}

func (r *recipients) register(fs *flag.FlagSet) {
	fs.Func("to", "only this `member`, or members with a tag that matches key=pattern, or without one with key!=pattern; repeatable: any of the members, all of the tags", r.set)
}

func (r *recipients) set(s string) error {
	if strings.Contains(s, "=") {
		t, err := arg.TagPattern(s)
		if err != nil {
			return err
		}
		r.tags = append(r.tags, t)
		return nil
	}
	if _, err := arg.ParseMember(s); err != nil {
		return err
	}
	r.members = append(r.members, s)
	return nil
}

// all reports whether all members are meant.
func (r *recipients) all() bool { return len(r.members) == 0 && len(r.tags) == 0 }

// addresses returns the addresses of those that are named.
func (r *recipients) addresses(ctx context.Context, c *client.Conn, within time.Duration) ([]string, error) {
	return addresses(ctx, c, r.members, within)
}
