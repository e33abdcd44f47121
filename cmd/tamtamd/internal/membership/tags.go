// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// SetTags changes the tags of this node: those of set are set, then those of remove
// removed. It returns the tags then. Fails with tags.ErrBad, and changes nothing.
func (c *Core) SetTags(set map[string]string, remove []string) (tags.Set, error) {
	now, err := tags.Decode(c.cfg.Self.Tags)
	if err != nil {
		return nil, err
	}
	for k, v := range set {
		now[k] = v
	}
	for _, k := range remove {
		if err := tags.CheckKey(k); err != nil {
			return nil, err
		}
		delete(now, k)
	}
	if err := now.Check(); err != nil {
		return nil, err
	}
	if text := now.Encode(); text != c.cfg.Self.Tags {
		c.cfg.Self.Tags = text
		c.emit(TableRetag{c.cfg.Self.Addr, text})
		c.emit(SetProfile{Profile(c.cfg.Self.Info)})
		c.log(level.InfoValue(), "msg", "tags changed", "tags", now.String())
	}
	return now, nil
}

// readTags returns the tags of a node, or none if they are not as they must be.
func (c *Core) readTags(text string) string {
	set, err := tags.Decode(text)
	if err != nil {
		c.count(countDroppedTags)
		return ""
	}
	return set.Encode()
}

// profileChanged learns that a member has another profile than before. Its tags are the
// part that can change.
func (c *Core) profileChanged(e wire.Event) {
	profile, ok := parseProfile(e.Profile)
	if !ok {
		c.count(countDroppedBadMessage)
		return
	}
	text := c.readTags(profile.Tags)
	p := c.members.get(e.Addr)
	if p == nil || p.info.Session != e.Session || p.info.Tags == text {
		return
	}
	p.info.Tags = text
	c.emit(TableRetag{e.Addr, text})
	c.log(level.DebugValue(), "msg", "member's tags", "address", e.Addr, "tags", fmt.Sprintf("%q", text))
}
