// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"time"

	"github.com/eelcocramer/tamtam/internal/tags"
)

// SetTags changes the tags of this node: those of set are set, then those of remove
// removed. It returns the tags then. Fails with tags.ErrBad, and changes nothing.
func (n *Node) SetTags(set map[string]string, remove []string) (now tags.Set, err error) {
	n.do(func(time.Time) { now, err = n.core.SetTags(set, remove) })
	return now, err
}
