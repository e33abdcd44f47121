// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

var _ flag.Value = allowValue{}

// allowValue is a list of networks; it grows with each Set.
type allowValue struct{ p *netaddr.Networks }

func (v allowValue) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v allowValue) Set(s string) error {
	if strings.Trim(s, ", ") == "" {
		return v.RefusesEmpty()
	}
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		p, err := netaddr.ParseNetwork(one)
		if err != nil {
			return fmt.Errorf("%q: %w", one, err)
		}
		if !slices.Contains(*v.p, p) {
			*v.p = append(*v.p, p)
		}
	}
	if len(*v.p) > limits.MaxAllow {
		return fmt.Errorf("want %d networks at most", limits.MaxAllow)
	}
	return nil
}

// SetItem makes it a config.List.
func (v allowValue) SetItem(s string) error { return v.Set(s) }

// RefusesEmpty returns the error for an empty value, which would allow everybody; see config.Parse.
func (v allowValue) RefusesEmpty() error {
	return errors.New("want a network such as 192.0.2.0/24; without --allow, all addresses are allowed")
}
