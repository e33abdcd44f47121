// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// The values of flags. Package flag calls String on zero values to learn defaults, so
// each pointer can be nil there. Errors describe a correct value; package flag puts the
// wrong value and the flag's name before them.
var (
	_ flag.Value  = addrValue{}
	_ flag.Value  = groupValue{}
	_ flag.Value  = portValue{}
	_ flag.Value  = intValue{}
	_ flag.Value  = durationValue{}
	_ flag.Value  = nameValue{}
	_ config.List = joinValue{}
	_ flag.Value  = choiceValue{}
)

// addrValue is an address to bind to. Check decides, by other flags, whether it may be the
// unspecified address.
type addrValue struct{ p *netip.Addr }

func (v addrValue) String() string {
	if v.p == nil || !v.p.IsValid() {
		return ""
	}
	return v.p.String()
}

func (v addrValue) Set(s string) error {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return errors.New("want an IP address of this machine, such as 192.0.2.1")
	}
	if err := checkUnicast(ip.Unmap()); err != nil {
		return err
	}
	*v.p = ip.Unmap()
	return nil
}

// checkUnicast returns an error for addresses that cannot belong to one machine.
func checkUnicast(ip netip.Addr) error {
	switch {
	case ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return errors.New("want an address of one machine")
	case ip.Zone() != "" || ip.Is6() && ip.IsLinkLocalUnicast():
		return errors.New("a link-local address means nothing to another machine: give a global or unique local one")
	}
	return nil
}

// groupValue is a multicast address.
type groupValue struct{ p *netip.Addr }

func (v groupValue) String() string { return addrValue(v).String() }

func (v groupValue) Set(s string) error {
	ip, err := netip.ParseAddr(strings.Trim(s, "[]")) // Smudge wants brackets
	// 224.0.0.0 is Smudge's default. It is a reserved base address, but IsMulticast
	// accepts it.
	if err != nil || !ip.IsMulticast() || ip.Zone() != "" {
		return errors.New("want a multicast IP address, such as 224.0.0.0 or ff02::1")
	}
	*v.p = ip
	return nil
}

// portValue is a UDP port.
type portValue struct {
	p    *uint16
	zero bool // 0 is a value
}

func (v portValue) String() string {
	if v.p == nil {
		return ""
	}
	return strconv.Itoa(int(*v.p))
}

func (v portValue) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case v.zero && err != nil:
		return errors.New("want a port, 0 to 65535")
	case !v.zero && (err != nil || n == 0):
		return errors.New("want a port, 1 to 65535")
	}
	*v.p = uint16(n)
	return nil
}

// intValue is a number in a range.
type intValue struct {
	p        *int
	min, max int
}

func (v intValue) String() string {
	if v.p == nil {
		return ""
	}
	return strconv.Itoa(*v.p)
}

func (v intValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < v.min || n > v.max {
		return fmt.Errorf("want a number, %d to %d", v.min, v.max)
	}
	*v.p = n
	return nil
}

// durationValue is a time in a range; a bare number counts units.
type durationValue struct {
	p              *time.Duration
	unit, min, max time.Duration
	zero           bool          // 0 is a value, too
	unset          time.Duration // the default to show for 0, if 0 is not a value
}

func (v durationValue) String() string {
	if v.p == nil {
		return ""
	}
	return compact(cmp.Or(*v.p, v.unset))
}

// compact removes the trailing zeros of a duration of whole hours or minutes.
func compact(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (v durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if n, e := strconv.ParseInt(s, 10, 32); e == nil {
		d, err = time.Duration(n)*v.unit, nil
	}
	if err != nil || (d < v.min || d > v.max) && !(v.zero && d == 0) {
		or := ""
		if v.zero {
			or = ", or 0"
		}
		is := ""
		if n, e := strconv.ParseInt(s, 10, 32); e == nil { // the unit may be what is wrong
			is = fmt.Sprintf("this is %s: ", compact(time.Duration(n)*v.unit))
		}
		return fmt.Errorf("%swant a time from %s to %s, such as %s%s", is, compact(v.min), compact(v.max), compact(max(v.min, 10*v.unit)), or)
	}
	*v.p = d
	return nil
}

// nameValue is the name of a cluster or a node.
type nameValue struct {
	p   *string
	max int             // bytes
	bad func(rune) bool // reports forbidden characters
}

func (v nameValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v nameValue) Set(s string) error {
	if s == "" || len(s) > v.max || !utf8.ValidString(s) || strings.ContainsFunc(s, v.bad) {
		return fmt.Errorf("want 1 to %d bytes of UTF-8 without control characters", v.max)
	}
	*v.p = s
	return nil
}

// unprintable reports characters that control terminals, including direction marks. Other
// users' terminals print the name of a node.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// joinValue is a list of addresses; it grows with each Set.
type joinValue struct{ p *[]string }

func (v joinValue) String() string {
	if v.p == nil {
		return ""
	}
	return strings.Join(*v.p, ",")
}

func (v joinValue) Set(s string) error {
	for a := range strings.SplitSeq(s, ",") {
		if a = strings.TrimSpace(a); a == "" {
			continue
		}
		if _, _, err := netaddr.Split(a, 1); err != nil {
			if a != strings.TrimSpace(s) { // one of several
				err = fmt.Errorf("%q: %w", a, err)
			}
			return fmt.Errorf("%w; want an IP or host name, with a port or without", err)
		}
		if !slices.Contains(*v.p, a) {
			*v.p = append(*v.p, a)
		}
	}
	return nil
}

// SetItem makes it a config.List.
func (v joinValue) SetItem(s string) error { return v.Set(s) }

// choiceValue is one of some words.
type choiceValue struct {
	p     *string
	words []string
}

func (v choiceValue) String() string { return nameValue{p: v.p}.String() }

func (v choiceValue) Set(s string) error {
	if !slices.Contains(v.words, s) {
		last := len(v.words) - 1
		return fmt.Errorf("want %s or %s", strings.Join(v.words[:last], ", "), v.words[last])
	}
	*v.p = s
	return nil
}
