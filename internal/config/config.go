// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package config reads the configuration of TamTam's programs: a flag, else a TAMTAM_*
// variable, else a key of a YAML file, else the default. Daemon and client can share one
// file.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3"

	"github.com/eelcocramer/tamtam/internal/settings"
)

// Options returns the options with which ff reads the environment and the file, for a flag
// set with a flag "config". args are the command line: its --config, else TAMTAM_CONFIG, names
// the file, else it is the default one. An empty --config is no file. others are the keys of
// another program, which the file may contain.
func Options(fs *flag.FlagSet, args []string, others []string) []ff.Option {
	file, named := NamedFile(args)
	if !named {
		file = settings.DefaultFile()
	}
	options := []ff.Option{ff.WithEnvVarPrefix(settings.EnvPrefix)}
	if file == "" {
		return options
	}
	p := &fileParser{file: file, flags: fs, others: others}
	return append(options,
		ff.WithConfigFile(file),
		ff.WithAllowMissingConfigFile(!named),
		ff.WithConfigFileParser(p.parse))
}

// Parse sets the flags of a program without commands. The error is one line, or
// flag.ErrHelp.
func Parse(fs *flag.FlagSet, args []string, short map[string]string, others []string) error {
	args = append(formerVariables(fs), ExpandShort(fs, args, short)...)
	if err := ff.Parse(fs, args, Options(fs, args, others)...); err != nil {
		return Explain(fs, err)
	}
	if err := refuseEmpty(fs); err != nil {
		return err
	}
	if rest := fs.Args(); len(rest) > 0 {
		return &UsageError{text: fmt.Sprintf("unexpected argument %q: %s takes flags only", rest[0], fs.Name())}
	}
	return nil
}

// refuseEmpty returns an error if a variable is empty that must not be. The reader of the
// environment ignores empty variables, which is safe for most flags. A flag whose value has
// a method RefusesEmpty guards a port or a file, which would be open.
func refuseEmpty(fs *flag.FlagSet) (err error) {
	fs.VisitAll(func(f *flag.Flag) {
		v, ok := f.Value.(interface{ RefusesEmpty() error })
		if text, set := os.LookupEnv(EnvName(f.Name)); ok && set && text == "" && f.Value.String() == "" && err == nil {
			err = fmt.Errorf("invalid value %q for %s: %w", text, EnvName(f.Name), v.RefusesEmpty())
		}
	})
	return err
}

// NamedFile returns the file that --config names in args, anywhere before a "--", else
// TAMTAM_CONFIG, and whether one of them does. The last --config counts, as with any flag. An
// empty variable names none; an empty flag does, and means no file. Parsing needs the file's
// name first.
func NamedFile(args []string) (file string, named bool) {
	file = os.Getenv(EnvName("config"))
	named = file != ""
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
			file, named = value, true
		case i+1 < len(args):
			file, named = args[i+1], true
		}
	}
	return file, named
}

// EnvName returns the variable that sets a flag.
func EnvName(flagName string) string { return settings.EnvName(flagName) }

// UnknownEnv returns the TAMTAM_* variables of an environment that belong to no flag: most
// likely typos.
func UnknownEnv(environ []string, flagNames ...[]string) []string {
	known := map[string]bool{}
	for _, name := range slices.Concat(flagNames...) {
		known[EnvName(name)] = true
	}
	for old, name := range former {
		known[EnvName(old)] = known[EnvName(name)]
	}
	var unknown []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, settings.EnvPrefix+"_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// NearestEnv returns the variable of one of the flags that is most like an unknown one; "" if all
// are far.
func NearestEnv(unknown string, flagNames ...[]string) string {
	var names []string
	for _, name := range slices.Concat(flagNames...) {
		names = append(names, strings.TrimPrefix(EnvName(name), settings.EnvPrefix+"_"))
	}
	if n := Nearest(strings.TrimPrefix(unknown, settings.EnvPrefix+"_"), names); n != "" {
		return settings.EnvPrefix + "_" + n
	}
	return ""
}

// Explain turns an error of ff or flag into one line that names the flag, variable or file,
// the value, and a correct value. It returns flag.ErrHelp unchanged.
func Explain(set *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return flag.ErrHelp
	}
	var in *fileError
	if errors.As(err, &in) {
		return in
	}
	var open *fs.PathError
	if errors.As(err, &open) { // of the file: it is the only one that is opened
		by := "--config"
		if open.Path == os.Getenv(EnvName("config")) {
			by = EnvName("config")
		}
		return fmt.Errorf("%s %s: %w", by, open.Path, open.Err)
	}
	text := err.Error()
	if text, ok := strings.CutPrefix(text, "error parsing commandline arguments: "); ok {
		if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
			return &UsageError{text: unknownFlag(set, name)}
		}
		// flag writes names with one dash.
		for _, before := range []string{"for flag -", "for -", "flag needs an argument: -"} {
			if head, tail, ok := strings.Cut(text, before); ok {
				text = head + before + "-" + tail
				break
			}
		}
		if strings.HasPrefix(text, "invalid boolean value ") {
			text = wantBool(text)
		}
		return &UsageError{text, strings.HasPrefix(text, "invalid ")}
	}
	text = strings.TrimPrefix(text, "error parsing environment variables: ")
	set.VisitAll(func(f *flag.Flag) {
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

// unknownFlag returns the text about a flag that is not defined, with the one that was
// likely meant.
func unknownFlag(fs *flag.FlagSet, name string) string {
	if len(name) == 1 {
		return "flag provided but not defined: -" + name
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	text := "flag provided but not defined: --" + name
	if n := Nearest(name, names); n != "" {
		text += fmt.Sprintf(": did you mean --%s?", n)
	}
	return text
}

// wantBool adds the correct values to an error of package flag about a boolean.
func wantBool(text string) string {
	if head, ok := strings.CutSuffix(text, "parse error"); ok {
		return head + "want true or false"
	}
	return text
}

// UsageError is an error in the command line, and not in the environment or the file.
type UsageError struct {
	text  string
	Value bool // a wrong value, and not the form, which the help explains
}

func (e *UsageError) Error() string { return e.text }
