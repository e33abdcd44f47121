// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// conditions are what wait waits for: all of them at once.
type conditions struct {
	alive   int
	members []memberIs
	gone    []memberName
	stable  time.Duration
}

// memberIs wants a member of a status.
type memberIs struct {
	memberName
	status tamtamv1.MemberStatus
}

func (c *conditions) register(fs *flag.FlagSet) {
	fs.Func("alive", "at least `n` members are alive, the node itself among them", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil || n == 0 {
			return errors.New("want a number from 1")
		}
		c.alive = int(n)
		return nil
	})
	fs.Func("member", "the `member` is alive, or, as MEMBER=STATUS, has that status; repeatable", func(s string) error {
		is := memberIs{status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}
		// A name may hold "=": what is behind the last one is a status.
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			var err error
			if is.status, err = parseStatus(s[i+1:]); err != nil {
				return fmt.Errorf("%w behind the last =, such as %s=alive", err, s[:i])
			}
			s = s[:i]
		}
		var err error
		is.memberName, err = parseMemberName(s)
		c.members = append(c.members, is)
		return err
	})
	fs.Func("gone", "the `member` is dead, has left, or is not listed; repeatable", func(s string) error {
		// Nobody is called so, most likely, and who is would be taken for gone.
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			if _, err := parseStatus(s[i+1:]); err == nil {
				return errors.New("want a member without a status, or the address of one that is called so")
			}
		}
		n, err := parseMemberName(s)
		c.gone = append(c.gone, n)
		return err
	})
	fs.Var(span{&c.stable}, "stable", "nothing has changed for this `time`")
}

// parseStatus reads the one status that a condition wants.
func parseStatus(s string) (tamtamv1.MemberStatus, error) {
	var list statusList
	if err := list.Set(s); err != nil || len(list) != 1 {
		return 0, fmt.Errorf("want one of %s", strings.Join(statusNames, ", "))
	}
	return list[0], nil
}

func (c *conditions) none() bool {
	return c.alive == 0 && len(c.members) == 0 && len(c.gone) == 0 && c.stable == 0
}

// view is what a wait knows of the members.
type view struct {
	missing  string // why they are not known; empty when they are
	members  map[string]*tamtamv1.Member
	local    string
	revision uint64
	changed  time.Time // when something changed, or they became known
}

func (v *view) take(e follow.Event, now time.Time) {
	if v.members == nil {
		v.members = map[string]*tamtamv1.Member{}
	}
	switch e.Kind {
	case follow.Disconnected:
		v.missing = describe(e.Err)
		return
	case follow.Resumed, follow.Snapshot:
		v.missing = "what has changed is not known yet"
	case follow.Synced:
		v.missing = ""
	case follow.Present, follow.Change:
		if e.Change.GetRemoved() {
			delete(v.members, e.Member.GetAddress())
		} else {
			v.members[e.Member.GetAddress()] = e.Member
		}
	}
	v.local, v.revision, v.changed = e.Local, e.Revision, now
}

func (v *view) alive() int {
	n := 0
	for _, m := range v.members {
		if m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE {
			n++
		}
	}
	return n
}

// named returns the members that a name matches, ordered by address.
func (v *view) named(n memberName) []*tamtamv1.Member {
	var all []*tamtamv1.Member
	for _, a := range slices.Sorted(maps.Keys(v.members)) {
		if n.matches(v.members[a], v.local) {
			all = append(all, v.members[a])
		}
	}
	return all
}

// unmet says which conditions do not hold, and what is so instead, and after what time
// they would if nothing changed, 0 for never.
func (c *conditions) unmet(v *view, now time.Time) (all []string, left time.Duration) {
	if v.missing != "" {
		return []string{v.missing}, 0
	}
	if n := v.alive(); n < c.alive {
		all = append(all, fmt.Sprintf("%d alive, want %d", n, c.alive))
	}
	for _, want := range c.members {
		found := v.named(want.memberName)
		if slices.ContainsFunc(found, func(m *tamtamv1.Member) bool { return m.GetStatus() == want.status }) {
			continue
		}
		is := "not listed"
		if len(found) > 0 {
			is = statusesOf(found)
		}
		all = append(all, fmt.Sprintf("%s is %s, want %s", escape(want.text), is, statusName(want.status)))
	}
	for _, name := range c.gone {
		found := slices.DeleteFunc(v.named(name), func(m *tamtamv1.Member) bool {
			s := m.GetStatus()
			return s == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD || s == tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
		})
		if len(found) > 0 {
			all = append(all, fmt.Sprintf("%s is %s, want it gone", escape(name.text), statusesOf(found)))
		}
	}
	if quiet := now.Sub(v.changed); c.stable > quiet {
		if len(all) == 0 {
			left = c.stable - quiet
		}
		all = append(all, fmt.Sprintf("nothing has changed for %v, want %v", quiet.Round(time.Millisecond), c.stable))
	}
	return all, left
}

// statusesOf are the statuses of members of one name: as "ALIVE", or "ALIVE, DEAD".
func statusesOf(members []*tamtamv1.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, statusName(m.GetStatus()))
	}
	return strings.Join(all, ", ")
}
