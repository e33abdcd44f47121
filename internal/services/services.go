// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package services has the services that a node offers, such as web on TCP port 8080. A node announces
// each as a tag, so that members of all versions pass it on. Both programs use it.
package services

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/eelcocramer/tamtam/internal/tags"
)

// Prefix begins the keys of tags that are services.
const Prefix = "service/"

const (
	// MaxName bounds the name of a service, in bytes. With Prefix it is a key of a tag; with an underscore,
	// a label of DNS.
	MaxName = 48
	// TCP and UDP are the protocols.
	TCP = "tcp"
	UDP = "udp"
)

// ErrBad: a service is not valid.
var ErrBad = errors.New("bad service")

// Service is a service of a node.
type Service struct {
	Name     string // a label of DNS in lower case: letters, digits and hyphens, the first a letter
	Port     uint16 // not 0
	Protocol string // TCP or UDP
	Weight   uint16 // its share among nodes that offer it, 1 or more, as in an SRV record
}

// Parse parses "NAME:PORT[/PROTOCOL[/WEIGHT]]", such as web:8080 or dns:53/udp. It fails with ErrBad.
func Parse(text string) (Service, error) {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return Service{}, fmt.Errorf("%w %q: want NAME:PORT, such as web:8080, or NAME:PORT/PROTOCOL/WEIGHT", ErrBad, text)
	}
	return parse(name, value)
}

func parse(name, value string) (Service, error) {
	s := Service{Name: name, Protocol: TCP, Weight: 1}
	if err := CheckName(name); err != nil {
		return Service{}, err
	}
	parts := strings.Split(value, "/")
	port, err := strconv.ParseUint(parts[0], 10, 16)
	if err != nil || port == 0 {
		return Service{}, fmt.Errorf("%w %s: port %q: want 1 to 65535", ErrBad, name, parts[0])
	}
	s.Port = uint16(port)
	if len(parts) > 1 {
		if s.Protocol = parts[1]; s.Protocol != TCP && s.Protocol != UDP {
			return Service{}, fmt.Errorf("%w %s: protocol %q: want %s or %s", ErrBad, name, parts[1], TCP, UDP)
		}
	}
	if len(parts) > 2 {
		weight, err := strconv.ParseUint(parts[2], 10, 16)
		if err != nil || weight == 0 {
			return Service{}, fmt.Errorf("%w %s: weight %q: want 1 to 65535", ErrBad, name, parts[2])
		}
		s.Weight = uint16(weight)
	}
	if len(parts) > 3 {
		return Service{}, fmt.Errorf("%w %s: %q after the weight", ErrBad, name, parts[3])
	}
	return s, nil
}

// New returns a service; without a protocol, TCP, and without a weight, 1. It fails with ErrBad.
func New(name string, port uint32, protocol string, weight uint32) (Service, error) {
	if protocol == "" {
		protocol = TCP
	}
	return parse(name, fmt.Sprintf("%d/%s/%d", port, protocol, max(weight, 1)))
}

// Offers reports whether tags have a service of that name.
func Offers(set tags.Set, name string) bool {
	value, ok := set[Prefix+name]
	if !ok {
		return false
	}
	_, err := parse(name, value)
	return err == nil
}

// CheckName returns ErrBad, with the reason, unless a name of a service is valid.
func CheckName(name string) error {
	wrong := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	if name == "" || len(name) > MaxName || name[0] < 'a' || name[0] > 'z' ||
		strings.HasSuffix(name, "-") || strings.ContainsFunc(name, wrong) {
		return fmt.Errorf("%w: name %q: want 1 to %d of a-z, 0-9 and -, a letter first and no - at the end", ErrBad, name, MaxName)
	}
	return nil
}

// String returns what Parse parses.
func (s Service) String() string { return s.Name + ":" + s.value() }

// value returns the port, and what differs from the defaults.
func (s Service) value() string {
	switch {
	case s.Weight > 1:
		return fmt.Sprintf("%d/%s/%d", s.Port, s.Protocol, s.Weight)
	case s.Protocol != TCP:
		return fmt.Sprintf("%d/%s", s.Port, s.Protocol)
	}
	return strconv.Itoa(int(s.Port))
}

// Tag returns the tag that announces the service.
func (s Service) Tag() (key, value string) { return Prefix + s.Name, s.value() }

// Of returns the services among tags, sorted by name. It leaves out what is not one, since tags come from other
// machines.
func Of(set tags.Set) []Service {
	var all []Service
	for _, key := range slices.Sorted(maps.Keys(set)) {
		name, ok := strings.CutPrefix(key, Prefix)
		if !ok {
			continue
		}
		if s, err := parse(name, set[key]); err == nil {
			all = append(all, s)
		}
	}
	return all
}
