// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The profiles. An explicit flag overrides the profile.
const (
	LAN   = "lan"   // one site
	WAN   = "wan"   // several sites: answers take longer, and more is lost
	Local = "local" // one machine
)

// profile is the timing of a kind of network.
type profile struct {
	name               string
	heartbeat, minPing time.Duration
}

// profiles has the default first.
var profiles = []profile{
	{LAN, 500 * time.Millisecond, 400 * time.Millisecond},
	{WAN, time.Second, 2 * time.Second},
	{Local, 200 * time.Millisecond, 200 * time.Millisecond},
}

func profileNames() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// inOthers describes a value in the profiles other than the default.
func inOthers(value func(profile) time.Duration) string {
	var texts []string
	for _, p := range profiles[1:] {
		texts = append(texts, fmt.Sprintf("%s with --profile %s", compact(value(p)), p.name))
	}
	return strings.Join(texts, ", ")
}

// applyProfile sets the fields that no flag set to the values of the profile.
func (f *Flags) applyProfile() {
	i := max(0, slices.IndexFunc(profiles, func(p profile) bool { return p.name == f.Profile }))
	f.Heartbeat = cmp.Or(f.Heartbeat, profiles[i].heartbeat)
	f.MinPing = cmp.Or(f.MinPing, profiles[i].minPing)
}
