// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// nothingError: a list has no entries; want says of which members.
type nothingError struct{ want filter }

func (e *nothingError) Error() string {
	if len(e.want.statuses) == 0 || e.want.Wanted() != nil || len(e.want.members) > 0 {
		return "no member matches"
	}
	var names []string
	for _, s := range e.want.statuses {
		names = append(names, strings.ToLower(render.Status(s)))
	}
	return "no member is " + strings.Join(names, " or ")
}

// missingError: a message was sent, but not all members that --wait asked for are known to have
// it in time.
type missingError struct {
	members    []string
	have, want int
}

func (e *missingError) Error() string {
	if len(e.members) == 0 { // the others do not match, or have died
		return fmt.Sprintf("only %s of %d got it", render.Plural(e.have, "member"), e.want)
	}
	return fmt.Sprintf("not confirmed by %s", render.Escape(strings.Join(e.members, ", ")))
}

// apartError: of so many addresses that join was given, so many did not answer.
type apartError struct{ apart, all int }

func (e *apartError) Error() string {
	return fmt.Sprintf("%d of %d addresses not joined", e.apart, e.all)
}

// unmeasuredError: no round trip is known. silent: somebody who may know it did not report.
type unmeasuredError struct {
	text   string
	silent bool
}

func (e *unmeasuredError) Error() string { return e.text }

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
