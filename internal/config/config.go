// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package config is how TamTam's programs take their configuration: a flag, else a
// TAMTAM_* variable, else a key of a YAML file, else the default. One file may
// serve the daemon and the client.
package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3"
)

const envPrefix = "TAMTAM"

// DefaultFile is where the file is looked for when --config names none; empty
// without a home directory. It need not exist.
func DefaultFile() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".tamtam.yaml")
}

// Options returns what makes ff read the environment and the file for a flag set
// with a flag "config". named is the file that --config or TAMTAM_CONFIG names, if
// any; others are the keys that the file may hold for another program.
func Options(fs *flag.FlagSet, named string, others []string) []ff.Option {
	file := named
	if file == "" {
		file = DefaultFile()
	}
	p := &fileParser{file: file, flags: fs, others: others}
	return []ff.Option{
		ff.WithEnvVarPrefix(envPrefix),
		ff.WithConfigFile(file),
		ff.WithAllowMissingConfigFile(named == ""),
		ff.WithConfigFileParser(p.parse),
	}
}

// Parse sets the flags of a program without commands. The error is one line, or
// flag.ErrHelp.
func Parse(fs *flag.FlagSet, args []string, short map[string]string, others []string) error {
	args = ExpandShort(fs, args, short)
	if err := ff.Parse(fs, args, Options(fs, NamedFile(args), others)...); err != nil {
		return Explain(fs, err)
	}
	if err := refuseEmpty(fs); err != nil {
		return err
	}
	if rest := fs.Args(); len(rest) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q: %s takes flags only", rest[0], fs.Name())}
	}
	return nil
}

// refuseEmpty finds variables that are empty and must not be. What reads the environment
// takes them for none, which is well where nothing hangs on it: flags whose value has a
// method RefusesEmpty guard something, which would be open.
func refuseEmpty(fs *flag.FlagSet) (err error) {
	fs.VisitAll(func(f *flag.Flag) {
		v, ok := f.Value.(interface{ RefusesEmpty() error })
		if text, set := os.LookupEnv(EnvName(f.Name)); ok && set && text == "" && f.Value.String() == "" && err == nil {
			err = fmt.Errorf("invalid value %q for %s: %w", text, EnvName(f.Name), v.RefusesEmpty())
		}
	})
	return err
}

// NamedFile returns the file that --config names in args, wherever it stands
// before a "--", else TAMTAM_CONFIG. Of several, the last counts, as with any flag.
// It has to be known before anything else is parsed.
func NamedFile(args []string) string {
	file := os.Getenv(EnvName("config"))
	for i, a := range args {
		if a == "--" {
			break
		}
		name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-"), "=")
		if !strings.HasPrefix(a, "-") || name != "config" {
			continue
		}
		switch {
		case has:
			file = value
		case i+1 < len(args):
			file = args[i+1]
		}
	}
	return file
}

// EnvName returns the variable that sets a flag.
func EnvName(flagName string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// UnknownEnv returns the TAMTAM_* variables of an environment that set none of
// the flags: most likely slips of the pen.
func UnknownEnv(environ []string, flagNames ...[]string) []string {
	known := map[string]bool{}
	for _, name := range slices.Concat(flagNames...) {
		known[EnvName(name)] = true
	}
	var unknown []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, envPrefix+"_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// Explain makes one line that names flag, variable or file, the value, and what
// would be right, out of what ff and flag return. flag.ErrHelp stays itself.
func Explain(fs *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return flag.ErrHelp
	}
	var in *fileError
	if errors.As(err, &in) {
		return in
	}
	text := err.Error()
	if text, ok := strings.CutPrefix(text, "error parsing commandline arguments: "); ok {
		// flag writes names with one dash.
		for _, before := range []string{"for flag -", "for -", "flag provided but not defined: -", "flag needs an argument: -"} {
			if head, tail, ok := strings.Cut(text, before); ok {
				text = head + before + "-" + tail
				break
			}
		}
		if strings.HasPrefix(text, "invalid ") { // a value, not the usage
			if strings.HasPrefix(text, "invalid boolean value ") {
				text = wantBool(text)
			}
			return errors.New(text)
		}
		return &usageError{text}
	}
	text = strings.TrimPrefix(text, "error parsing environment variables: ")
	fs.VisitAll(func(f *flag.Flag) {
		prefix := fmt.Sprintf("error setting flag %q from environment variable %q: ", f.Name, EnvName(f.Name))
		if cause, ok := strings.CutPrefix(text, prefix); ok {
			if IsBool(f) {
				cause = wantBool(cause)
			}
			text = fmt.Sprintf("invalid value %q for %s: %s", os.Getenv(EnvName(f.Name)), EnvName(f.Name), cause)
		}
	})
	return errors.New(text)
}

// wantBool says what would be right where package flag says only that it is wrong.
func wantBool(text string) string {
	if head, ok := strings.CutSuffix(text, "parse error"); ok {
		return head + "want true or false"
	}
	return text
}

// IsUsage tells whether an error of Parse is about the form of the command line: a
// flag that is none, an argument too many or too few; not a value.
func IsUsage(err error) bool {
	var u *usageError
	return errors.As(err, &u)
}

// usageError is an error in the form of the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }
