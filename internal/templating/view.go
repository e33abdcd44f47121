// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/services"
)

// Member is a member as templates see it. Only the program's own node has Local set.
type Member struct {
	Name     string            `json:"name"`    // control characters are escaped; empty for a plain Smudge node
	Address  string            `json:"address"` // gossip address, IP and port
	IP       string            `json:"ip"`
	Status   string            `json:"status"` // ALIVE, SUSPECTED, DEAD or LEFT
	Local    bool              `json:"local"`
	Tags     map[string]string `json:"tags"`     // of printable characters
	Services []Service         `json:"services"` // sorted by name
}

// Service is a service that a member offers.
type Service struct {
	Name     string `json:"name"`
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"` // tcp or udp
	Weight   uint16 `json:"weight"`
}

// Instance is a service of one member.
type Instance struct {
	*Member
	Service  string `json:"service"`
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
	Weight   uint16 `json:"weight"`
	HostPort string `json:"host_port"` // an IPv6 address is in brackets
}

// Tag returns the value of a tag, or the fallback of a member that has none. Without a fallback, that is an error.
func (m *Member) Tag(key string, fallback ...string) (string, error) {
	if v, ok := m.Tags[key]; ok {
		return v, nil
	}
	if len(fallback) == 0 {
		return "", fmt.Errorf("member %s (%s) has no tag %q: give a default, as in .Tag %q %q", m.Name, m.Address, key, key, "none")
	}
	return fallback[0], nil
}

// view is the cluster at one time, as templates see it.
type view struct {
	members []*Member // sorted by name, then by address
	self    *Member   // nil if the daemon does not list itself
}

// newView returns a view of members, which it does not keep.
func newView(list []*tamtam.Member) *view {
	v := &view{}
	for _, m := range list {
		one := &Member{
			Name: escape.Text(m.GetName()), Address: m.GetAddress(), Local: m.GetLocal(),
			Status: strings.TrimPrefix(m.GetStatus().String(), "MEMBER_STATUS_"),
			Tags:   maps.Clone(m.GetTags()), Services: []Service{},
		}
		if one.Tags == nil {
			one.Tags = map[string]string{}
		}
		if at, err := netip.ParseAddrPort(one.Address); err == nil {
			one.IP = at.Addr().String()
		}
		for _, s := range services.Of(m.GetTags()) {
			one.Services = append(one.Services, Service(s))
		}
		if one.Local {
			v.self = one
		}
		v.members = append(v.members, one)
	}
	slices.SortFunc(v.members, func(a, b *Member) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), compareAddresses(a.Address, b.Address))
	})
	return v
}

// compareAddresses orders addresses by number, so that 192.0.2.9 comes before 192.0.2.10.
func compareAddresses(a, b string) int {
	x, errX := netip.ParseAddrPort(a)
	y, errY := netip.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return x.Compare(y)
}

// all returns the members that meet all conditions.
func (v *view) all(conditions ...string) ([]*Member, error) {
	match, err := parseConditions(conditions)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(v.members), func(m *Member) bool { return !match(m.Tags) }), nil
}

// usable returns those of all that are alive, or, if none is, those that are suspected: they may still be well.
func (v *view) usable(conditions ...string) ([]*Member, error) {
	all, err := v.all(conditions...)
	return best(all, func(m *Member) string { return m.Status }), err
}

// usableStatuses are those of members that may serve, the best first.
var usableStatuses = []string{"ALIVE", "SUSPECTED"}

// best returns those that are alive, or if none is, those that are suspected.
func best[T any](all []T, status func(T) string) []T {
	for _, want := range usableStatuses {
		if some := slices.DeleteFunc(slices.Clone(all), func(m T) bool { return status(m) != want }); len(some) > 0 {
			return some
		}
	}
	return []T{}
}

// service returns the instances of a service, as usable does for members.
func (v *view) service(name string, conditions ...string) ([]Instance, error) {
	if err := services.CheckName(name); err != nil {
		return nil, err
	}
	members, err := v.all(conditions...)
	if err != nil {
		return nil, err
	}
	var all []Instance
	for _, m := range members {
		for _, s := range m.Services {
			if s.Name == name && m.IP != "" {
				all = append(all, Instance{m, s.Name, s.Port, s.Protocol, s.Weight, net.JoinHostPort(m.IP, strconv.Itoa(int(s.Port)))})
			}
		}
	}
	return best(all, func(i Instance) string { return i.Status }), nil
}

// services returns the names for which service returns instances, sorted.
func (v *view) services() []string {
	names := []string{}
	for _, m := range v.members {
		if m.IP == "" || !slices.Contains(usableStatuses, m.Status) {
			continue
		}
		for _, s := range m.Services {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// parseConditions returns whether tags meet all conditions, each KEY=PATTERN or KEY!=PATTERN.
func parseConditions(conditions []string) (func(map[string]string) bool, error) {
	var all []func(map[string]string) bool
	for _, c := range conditions {
		key, pattern, ok := strings.Cut(c, "=")
		key, exclude := strings.CutSuffix(key, "!")
		if _, err := path.Match(pattern, ""); !ok || key == "" || err != nil {
			return nil, fmt.Errorf("condition %q: want KEY=PATTERN or KEY!=PATTERN, such as role=web or zone=eu-*", c)
		}
		all = append(all, func(tags map[string]string) bool {
			value, has := tags[key]
			matches, _ := path.Match(pattern, value) // it was tried above
			return (has && matches) != exclude
		})
	}
	return func(tags map[string]string) bool {
		return !slices.ContainsFunc(all, func(f func(map[string]string) bool) bool { return !f(tags) })
	}, nil
}
