// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// errNothing: a list has no entries. The exit code says so; stderr does not.
var errNothing = errors.New("nothing found")

// missingError: a message was sent, but not all members that --wait asked for are known to have
// it in time.
type missingError struct {
	members []string
}

func (e *missingError) Error() string {
	return fmt.Sprintf("not confirmed by %s", render.Escape(strings.Join(e.members, ", ")))
}

// refusedError: nothing was done, since the user may not have meant it.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// lineError is an error about a line of stdin, from 1.
type lineError struct {
	number int
	err    error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.number, e.err) }
func (e *lineError) Unwrap() error { return e.err }
