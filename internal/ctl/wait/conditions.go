// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wait

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Conditions are what to wait for: all of them at once.
type Conditions struct {
	alive   int
	members []memberIs
	gone    []arg.Member
	stable  time.Duration
	filter  arg.Filter // the members that all of them are about
}

// memberIs holds if the member has the status.
type memberIs struct {
	arg.Member
	status tamtamv1.MemberStatus
}

// Register registers the flags of the conditions.
func (c *Conditions) Register(fs *flag.FlagSet) {
	fs.Func("alive", "at least `n` members are alive, including the node itself", func(s string) (err error) {
		c.alive, err = arg.Count(s)
		return err
	})
	fs.Func("member", "the `member` is alive, or has the status of MEMBER=STATUS; repeatable", func(s string) error {
		is := memberIs{status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}
		// A name may hold "=": the status follows the last one.
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			var err error
			if is.status, err = arg.Status(s[i+1:]); err != nil {
				return fmt.Errorf("%w after the last =, such as %s=alive", err, s[:i])
			}
			s = s[:i]
		}
		var err error
		is.Member, err = arg.ParseMember(s)
		c.members = append(c.members, is)
		return err
	})
	fs.Func("gone", "the `member` is dead, has left, or is not listed; repeatable", func(s string) error {
		// Most likely no member has such a name, and the condition would hold at once.
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			if _, err := arg.Status(s[i+1:]); err == nil {
				return errors.New("want a member without a status, or the address of a member with this name")
			}
		}
		n, err := arg.ParseMember(s)
		c.gone = append(c.gone, n)
		return err
	})
	c.filter.Register(fs, "members")
	fs.Var(arg.Duration{P: &c.stable}, "stable", "no member has changed for this `time`")
}

// None reports whether no condition is set.
func (c *Conditions) None() bool {
	return c.alive == 0 && len(c.members) == 0 && len(c.gone) == 0 && c.stable == 0
}

// view is what is known of the members.
type view struct {
	missing  string // why they are not known; empty if they are
	members  map[string]*tamtamv1.Member
	revision uint64
	changed  time.Time // when something changed, or they became known
}

func (v *view) take(e tamtam.Event, now time.Time) {
	if v.members == nil {
		v.members = map[string]*tamtamv1.Member{}
	}
	switch e.Kind {
	case tamtam.Disconnected:
		v.missing = client.Describe(e.Err)
		return
	case tamtam.Resumed, tamtam.Snapshot:
		v.missing = "the changes since the connection broke are not known yet"
	case tamtam.Synced:
		v.missing = ""
	case tamtam.Present, tamtam.Change:
		if e.Change.GetRemoved() {
			delete(v.members, e.Member.GetAddress())
		} else {
			v.members[e.Member.GetAddress()] = e.Member
		}
	}
	v.revision, v.changed = e.Revision, now
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

// named returns the members that a condition is about.
func (v *view) named(n arg.Member) []*tamtamv1.Member {
	found, _ := n.Among(v.list()) // see refused
	return found
}

// list returns the members, ordered by address.
func (v *view) list() []*tamtamv1.Member {
	all := make([]*tamtamv1.Member, 0, len(v.members))
	for _, a := range render.SortedKeys(v.members) {
		all = append(all, v.members[a])
	}
	return all
}

// all returns the members that the conditions are about.
func (c *Conditions) all() []*arg.Member {
	var all []*arg.Member
	for i := range c.members {
		all = append(all, &c.members[i].Member)
	}
	for i := range c.gone {
		all = append(all, &c.gone[i])
	}
	return all
}

// lookUp looks up the host names among the members.
func (c *Conditions) lookUp(ctx context.Context) {
	var wg sync.WaitGroup
	for _, m := range c.all() {
		wg.Go(func() { m.LookUp(ctx) })
	}
	wg.Wait()
}

// refused returns an error if a condition may be about several live members.
func (c *Conditions) refused(v *view) error {
	if v.missing != "" {
		return nil
	}
	for _, m := range c.all() {
		if _, err := m.Among(v.list()); err != nil {
			return err
		}
	}
	return nil
}

// unmet returns which conditions do not hold, and what holds instead; and in what time all
// would hold if nothing changed, 0 for never.
func (c *Conditions) unmet(v *view, now time.Time) (all []string, left time.Duration) {
	if v.missing != "" {
		return []string{v.missing}, 0
	}
	if n := v.alive(); n < c.alive {
		all = append(all, fmt.Sprintf("%d alive, want %d", n, c.alive))
	}
	for _, want := range c.members {
		found := v.named(want.Member)
		if slices.ContainsFunc(found, func(m *tamtamv1.Member) bool { return m.GetStatus() == want.status }) {
			continue
		}
		is := "not listed"
		if len(found) > 0 {
			is = statusesOf(found)
		}
		all = append(all, fmt.Sprintf("%s is %s, want %s", want.Label(), is, render.Status(want.status)))
	}
	for _, name := range c.gone {
		found := slices.DeleteFunc(v.named(name), func(m *tamtamv1.Member) bool {
			s := m.GetStatus()
			return s == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD || s == tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
		})
		if len(found) > 0 {
			all = append(all, fmt.Sprintf("%s is %s, want it gone", name.Label(), statusesOf(found)))
		}
	}
	if quiet := now.Sub(v.changed); c.stable > quiet {
		if len(all) == 0 {
			left = c.stable - quiet
		}
		all = append(all, fmt.Sprintf("no change for %v, want %v", quiet.Round(time.Millisecond), c.stable))
	}
	return all, left
}

// statusesOf returns the statuses of members of one name: "ALIVE", or "ALIVE, DEAD".
func statusesOf(members []*tamtamv1.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, render.Status(m.GetStatus()))
	}
	return strings.Join(all, ", ")
}
