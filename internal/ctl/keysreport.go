// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// keysCall is a call about keys. It returns the key ID that it is about, if any, and the keys
// of each member.
type keysCall func(context.Context, *client.Conn) (string, []*tamtamv1.MemberKeys, error)

// callKeys makes a call about keys, and prints its key ID or the keys of the members. It
// returns an error if a live member is not as asked for.
func callKeys(ctx context.Context, a *app, with client.Client, call keysCall) error {
	return with.Call(ctx, func(ctx context.Context, c *client.Conn) error {
		key, members, err := call(ctx, c)
		if err != nil {
			return err
		}
		out := output.Keys{Key: key, Members: []output.MemberKeys{}}
		for _, m := range members {
			out.Members = append(out.Members, toKeys(m))
		}
		err = a.print(out, func(w io.Writer) {
			if key != "" {
				fmt.Fprintln(w, key)
				return
			}
			fmt.Fprint(w, "ADDRESS\tNAME\tSTATUS\tKEYS\t\n")
			for _, m := range members {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.GetAddress(), render.OrDash(render.Name(m)), render.Status(m.GetStatus()),
					render.OrDash(render.Escape(strings.Join(m.GetKeys(), " "))), keysNote(m))
			}
		})
		if err != nil {
			return err
		}
		for _, m := range members {
			if key != "" && !isLive(m) {
				fmt.Fprintf(a.Err, "%s is %s, so it misses this: update its keyring file before it comes back\n", render.Escape(m.GetAddress()), render.Status(m.GetStatus()))
			}
		}
		return keysFault(members)
	})
}

// toKeys returns the keys of a member as JSON has them. With an error, none are known, unless
// there are some.
func toKeys(m *tamtamv1.MemberKeys) output.MemberKeys {
	j := output.MemberKeys{Address: m.GetAddress(), Name: m.GetName(), Status: render.Status(m.GetStatus()), Error: m.GetError()}
	if m.GetError() == "" || len(m.GetKeys()) > 0 {
		kept := m.GetKept()
		j.Keys, j.Kept = output.Slice(m.GetKeys()), &kept
	}
	return j
}

// keysNote returns what is out of the ordinary about the keys of a member.
func keysNote(m *tamtamv1.MemberKeys) string {
	switch {
	case m.GetError() != "":
		return render.Escape(m.GetError())
	case !m.GetKept():
		return "in memory only"
	}
	return ""
}

// keysFault returns an error about the live members that are not as asked for.
func keysFault(members []*tamtamv1.MemberKeys) error {
	var faults []string
	var first []string
	differ := false
	for _, m := range members {
		switch {
		case !isLive(m): // callKeys reports it
		case m.GetError() != "":
			faults = append(faults, fmt.Sprintf("%s: %s", render.Escape(m.GetAddress()), render.Escape(m.GetError())))
		case first == nil:
			first = ordered(m)
		case !slices.Equal(first, ordered(m)):
			differ = true
		}
	}
	switch {
	case len(faults) > 0:
		return fmt.Errorf("%d of %d members are not as asked for: %s", len(faults), len(members), strings.Join(faults, "; "))
	case differ:
		return errors.New("the members do not have the same keys")
	}
	return nil
}

func isLive(m *tamtamv1.MemberKeys) bool {
	return m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

// ordered returns the keys of a member. Only the place of the first one matters; the others are
// sorted.
func ordered(m *tamtamv1.MemberKeys) []string {
	keys := slices.Clone(m.GetKeys())
	if len(keys) > 1 {
		slices.Sort(keys[1:])
	}
	return keys
}
