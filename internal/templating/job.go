// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/escape"
)

// maxPrinted bounds what is shown of the output of a command, in bytes.
const maxPrinted = 4 << 10

// job brings files up to date with a view of the cluster. Its methods are called by one goroutine.
type job struct {
	flags *Flags
	log   func(format string, values ...any) // a line for people
	// reload is due: a file was replaced, and the programs that read it do not know yet.
	reload bool
}

// run renders all templates, replaces the files that are different and pass the check, and reloads if any was
// replaced, now or before a reload that failed. A file that cannot be replaced does not hold up others.
func (j *job) run(ctx context.Context, v *view) error {
	var errs []error
	for _, p := range j.flags.Pairs {
		text, err := render(p.Source, v)
		if err == nil {
			err = j.place(ctx, p, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is as before: %w", p.Dest, err))
		}
	}
	if j.reload && j.flags.Reload != "" {
		if err := j.command(ctx, "--reload", j.flags.Reload); err != nil {
			return errors.Join(append(errs, err)...)
		}
		j.log("reloaded")
	}
	j.reload = false
	return errors.Join(errs...)
}

func (j *job) place(ctx context.Context, p Pair, text []byte) error {
	changed, err := place(p.Dest, text, j.flags.Mode, func(path string) error {
		if j.flags.Check == "" {
			return nil
		}
		return j.command(ctx, "--check", fill(j.flags.Check, path))
	})
	if changed {
		j.log("%s is written, %d bytes", p.Dest, len(text))
		j.reload = true
	}
	return err
}

// command runs a command of a flag. The error has what it printed.
func (j *job) command(ctx context.Context, flag, command string) error {
	c := hook.Command{
		Shell: command, Timeout: j.flags.ExecTimeout, Most: maxPrinted,
		Env: hook.Environ(os.Environ(), j.flags.Conn.Connection(), nil),
	}
	printed, err := c.Combined(ctx)
	switch {
	case ctx.Err() != nil:
		j.log("the command of %s was ended by a signal to this program", flag)
		return ctx.Err()
	case err == nil:
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the command of %s %v", flag, err)
	for line := range strings.Lines(printed) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			b.WriteString("\n  " + escape.Text(line))
		}
	}
	return errors.New(b.String())
}

// fill puts a path, quoted for a shell, where a command has %, and % where it has %%.
func fill(command, path string) string {
	quoted := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	return strings.NewReplacer("%%", "%", "%", quoted).Replace(command)
}

// dry prints what would be written.
func (j *job) dry(out io.Writer, v *view) error {
	for _, p := range j.flags.Pairs {
		text, err := render(p.Source, v)
		if err != nil {
			return err
		}
		if len(j.flags.Pairs) > 1 {
			if _, err := fmt.Fprintf(out, "> %s\n", p); err != nil {
				return err
			}
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return nil
}
