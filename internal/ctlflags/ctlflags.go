// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package ctlflags has the flags of all commands of tamtamctl. It does not import the client,
// so that the daemon, which may share the configuration file, can know the names.
package ctlflags

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Flags are the flags of every command, each also a TAMTAM_* variable and a YAML
// key.
type Flags struct {
	RPC      string // as package netaddr reads it
	RPCGuard RPCGuard
	Config   string
	NoBanner bool
	Verbose  bool
	Trace    bool
	Timeout  time.Duration
	// TimeoutSet: a flag, a variable or the file set Timeout.
	TimeoutSet bool
	Output     string // one of Outputs
}

// The values of Output.
const (
	Table = "table"
	Wide  = "wide" // a table of members with all columns; else as Table
	Name  = "name" // the names of members only; else as Table
	JSON  = "json"
)

// Outputs are the values of Output.
var Outputs = []string{Table, Wide, Name, JSON}

// MaxTimeout is the longest --timeout.
const MaxTimeout = 24 * time.Hour

// Default returns the default values.
func Default() *Flags {
	return &Flags{RPC: netaddr.DefaultRPC, Timeout: 5 * time.Second, Output: Table}
}

// Register defines the flags in fs. Several flag sets may share one Flags.
func (f *Flags) Register(fs *flag.FlagSet) {
	f.RegisterConnection(fs)
	fs.BoolVar(&f.NoBanner, "nobanner", f.NoBanner, "with version, print no banner on a terminal")
	fs.BoolVar(&f.Verbose, "verbose", f.Verbose, "print each call and its duration to stderr")
	fs.BoolVar(&f.Trace, "trace", f.Trace, "as --verbose, and print requests and responses; of payloads, only the length")
	fs.Var(output{&f.Output}, "output", "`form` of the output: table, json, or for lists of members wide or name")
}

// RegisterConnection defines those of them that say how to reach the daemon, for other programs.
func (f *Flags) RegisterConnection(fs *flag.FlagSet) {
	f.registerRPC(fs)
	fs.StringVar(&f.Config, "config", f.Config, "YAML `file` with values of flags by name; empty for none (default: the first that exists of tamtam/tamtam.yaml in the user's configuration directory, $HOME/.tamtam.yaml and /etc/tamtam/tamtam.yaml)")
	fs.Var(timeout{&f.Timeout, &f.TimeoutSet}, "timeout", "`time` that a call may take; a stream must begin within it")
}

// Short returns the one-letter names of flags, by letter.
func Short() map[string]string { return map[string]string{"o": "output"} }

// Names returns the names of all flags, sorted.
func Names() []string {
	fs := flag.NewFlagSet("tamtamctl", flag.ContinueOnError)
	Default().Register(fs)
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// The types of flags. Package flag calls String on zero values, whose pointers are nil.

type timeout struct {
	p   *time.Duration
	set *bool
}

func (v timeout) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v timeout) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > MaxTimeout {
		return errors.New("want a time over 0 and up to 24h, such as 5s")
	}
	*v.p, *v.set = d, true
	return nil
}

type output struct{ p *string }

func (v output) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v output) Set(s string) error {
	s = strings.ToLower(s)
	if !slices.Contains(Outputs, s) {
		return errors.New("want table, wide, name or json")
	}
	*v.p = s
	return nil
}
