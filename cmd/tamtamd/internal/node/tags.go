// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// SetTags changes the tags of this node: those of set are set, then those of remove
// removed. It returns what they are then. Fails with tags.ErrBad, and changes nothing.
func (n *Node) SetTags(set map[string]string, remove []string) (tags.Set, error) {
	n.changes.Lock()
	defer n.changes.Unlock()
	self, _ := n.cfg.Table.Get(n.cfg.Local)
	now, err := tags.Decode(self.Tags)
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
	if _, changed := n.cfg.Table.Retag(n.cfg.Local, now.Encode()); changed {
		n.cfg.Wire.SetProfile(Profile{MaxPayload: self.MaxPayload, Name: self.Name, Version: self.Version, Tags: now.Encode()}.Encode())
		_ = level.Info(n.cfg.Logger).Log("msg", "tags changed", "tags", now)
	}
	return now, nil
}

// readTags returns the tags that a node tells, or none when they are not as they
// must be.
func (n *Node) readTags(text string) string {
	set, err := tags.Decode(text)
	if err != nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.drop("tags")
		return ""
	}
	return set.Encode()
}

// profileChanged learns that a member has another profile than before. Its tags are the
// part that can change.
func (n *Node) profileChanged(e wire.Event) {
	profile, ok := parseProfile(e.Profile)
	if !ok {
		n.badMessage()
		return
	}
	text := n.readTags(profile.Tags)
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[e.Addr]
	if p == nil || p.info.Session != e.Session {
		return
	}
	p.info.Tags = text
	if _, changed := n.cfg.Table.Retag(e.Addr, text); changed {
		_ = level.Debug(n.cfg.Logger).Log("msg", "member's tags", "address", e.Addr, "tags", fmt.Sprintf("%q", text))
	}
}
