// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// memberKeysJSON are the keys of a member in JSON.
type memberKeysJSON struct {
	Address string   `json:"address"`
	Name    string   `json:"name"`
	Status  string   `json:"status"`
	Keys    []string `json:"keys"` // the one that seals first
	Kept    bool     `json:"kept"`
	Error   string   `json:"error"`
}

// keys makes a call about keys, and prints who has which: the key it is about, if any,
// and the members. That some are not as they should be is an error.
func (a *app) keys(ctx context.Context, call func(context.Context, *api) (string, []*tamtamv1.MemberKeys, error)) error {
	return a.call(ctx, func(ctx context.Context, c *api) error {
		key, members, err := call(ctx, c)
		if err != nil {
			return err
		}
		out := struct {
			Key     string           `json:"key,omitempty"`
			Members []memberKeysJSON `json:"members"`
		}{Key: key}
		for _, m := range members {
			out.Members = append(out.Members, memberKeysJSON{
				Address: m.GetAddress(), Name: m.GetName(), Status: statusName(m.GetStatus()),
				Keys: append([]string{}, m.GetKeys()...), Kept: m.GetKept(), Error: m.GetError(),
			})
		}
		err = a.print(out, func(w io.Writer) {
			if key != "" {
				fmt.Fprintln(w, key)
				return
			}
			fmt.Fprint(w, "ADDRESS\tNAME\tSTATUS\tKEYS\t\n")
			for _, m := range members {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.GetAddress(), orDash(escape(m.GetName())), statusName(m.GetStatus()),
					orDash(escape(strings.Join(m.GetKeys(), " "))), keysNote(m))
			}
		})
		if err != nil {
			return err
		}
		for _, m := range members {
			if key != "" && !isLive(m) {
				fmt.Fprintf(a.Err, "%s is %s, so it misses this: bring its keyring up to date before it comes back\n", m.GetAddress(), statusName(m.GetStatus()))
			}
		}
		return keysFault(members)
	})
}

// keysNote is what is out of the ordinary about the keys of a member.
func keysNote(m *tamtamv1.MemberKeys) string {
	switch {
	case m.GetError() != "":
		return escape(m.GetError())
	case !m.GetKept():
		return "in memory only"
	}
	return ""
}

// keysFault tells which live members are not as they should be.
func keysFault(members []*tamtamv1.MemberKeys) error {
	var faults []string
	var first []string
	differ := false
	for _, m := range members {
		switch {
		case !isLive(m): // told elsewhere
		case m.GetError() != "":
			faults = append(faults, fmt.Sprintf("%s: %s", m.GetAddress(), escape(m.GetError())))
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
		return fmt.Errorf("the members have not the same keys")
	}
	return nil
}

func isLive(m *tamtamv1.MemberKeys) bool {
	return m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

// ordered are the keys of a member, of which only the first has a place that matters.
func ordered(m *tamtamv1.MemberKeys) []string {
	keys := slices.Clone(m.GetKeys())
	if len(keys) > 1 {
		slices.Sort(keys[1:])
	}
	return keys
}
