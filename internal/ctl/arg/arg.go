// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package arg reads what a user types after a command: counts of arguments, and values that
// several commands share. It prints nothing and knows no daemon.
package arg

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// UsageError is a command line that is wrong in any state of the cluster.
type UsageError struct {
	Command string // the words that lead to the command whose help explains it; or none
	Text    string
}

func (e *UsageError) Error() string {
	if e.Command == "" {
		return e.Text
	}
	return e.Text + "\nSee " + e.Command + " -h"
}

// Usage returns a UsageError. The command is named without "tamtamctl".
func Usage(command, format string, values ...any) error {
	return &UsageError{"tamtamctl " + command, fmt.Sprintf(format, values...)}
}

// None returns a UsageError if a command that takes no argument has one.
func None(command string, args []string) error {
	if len(args) > 0 {
		return Usage(command, "%s takes no argument, not %q", command, args[0])
	}
	return nil
}

// One returns the one argument of a command, or a UsageError.
func One(command, what string, args []string) (string, error) {
	switch {
	case len(args) != 1:
		return "", Usage(command, "%s takes one %s, not %d arguments", command, what, len(args))
	case args[0] == "": // most often an unset variable of a script
		return "", Usage(command, `%s takes one %s, not ""`, command, what)
	}
	return args[0], nil
}

// Count reads a number from 1 to 1<<31 - 1.
func Count(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("want a number from 1")
	}
	return int(n), nil
}

// Duration is a flag.Value for a time over 0 and up to ctlflags.MaxTimeout.
type Duration struct{ P *time.Duration }

func (v Duration) String() string {
	if v.P == nil || *v.P == 0 {
		return ""
	}
	return v.P.String()
}

// Set implements flag.Value.
func (v Duration) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > ctlflags.MaxTimeout {
		return errors.New("want a time over 0 and up to 24h, such as 5s")
	}
	*v.P = d
	return nil
}

// Command is a flag.Value for a command of the shell.
type Command struct{ P *string }

func (v Command) String() string {
	if v.P == nil {
		return ""
	}
	return *v.P
}

// Set implements flag.Value.
func (v Command) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("want a command")
	}
	*v.P = s
	return nil
}
