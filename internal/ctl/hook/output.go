// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Command is a command that is run for an input, and whose standard output is wanted.
type Command struct {
	Shell   string        // for the shell
	Timeout time.Duration // of a run
	Env     []string      // of every run, NAME=value
	Err     io.Writer     // standard error of every run
	Most    int           // bytes of standard output
}

// Output runs the command once, and returns its standard output without its last newline. It fails if the command does not
// start, fails, takes too long or prints too much, with the error of ctx if that is done first,
// and with ErrUnsupported. It may be called by several goroutines at the same time.
func (c *Command) Output(ctx context.Context, stdin []byte, env []string) ([]byte, error) {
	if !supported {
		return nil, ErrUnsupported
	}
	out := &bounded{most: c.Most + 1}
	one := run{command: c.Shell, stdin: stdin, env: append(slices.Clone(c.Env), env...), out: out, err: c.Err}
	why := supervise(ctx, start, one, c.Timeout)
	answer := bytes.TrimSuffix(out.kept, []byte("\n"))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case why != "":
		return nil, errors.New("its command " + why)
	case len(answer) > c.Most || out.size > c.Most+1:
		return nil, fmt.Errorf("its command printed %d bytes: an answer may have %d", out.size, c.Most)
	}
	return answer, nil
}

// Check runs the command once, without its standard output. It fails as Output does.
func (c *Command) Check(ctx context.Context) error {
	if !supported {
		return ErrUnsupported
	}
	why := supervise(ctx, start, run{command: c.Shell, env: c.Env, err: c.Err}, c.Timeout)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if why != "" {
		return errors.New("its command " + why)
	}
	return nil
}

// bounded keeps the first bytes that are written, and counts all.
type bounded struct {
	kept       []byte
	size, most int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), max(b.most-b.size, 0))]...)
	b.size += len(p)
	return len(p), nil
}

// Supported returns ErrUnsupported where commands cannot be run.
func Supported() error {
	if !supported {
		return ErrUnsupported
	}
	return nil
}

// EndSignals returns the signals that ask the program to end. SIGHUP is one, as the command has a process
// group of its own and outlives a terminal that is closed, unless it is ignored, as nohup(1) has it.
func EndSignals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// HoldSignals has the program survive EndSignals until release is called. A second signal
// would end the program before the command has ended, and timeout(1) sends two. The program ends
// after Grace in any case.
func HoldSignals() (release func()) {
	held := make(chan os.Signal, 1)
	signal.Notify(held, EndSignals()...)
	return func() { signal.Stop(held) }
}

// Environ returns the environment of every run: ours, without the variables of that names, which
// another command of ours may have set, and with the connection to the daemon, for tamtamctl,
// whether flags, variables or the file configured it.
func Environ(ours []string, connection map[string]string, without []string) []string {
	env := slices.DeleteFunc(slices.Clone(ours), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, ok := connection[name]
		return ok || slices.Contains(without, name)
	})
	for _, name := range slices.Sorted(maps.Keys(connection)) {
		if value := connection[name]; value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Variable returns NAME=value. A variable cannot hold NUL: the command would not start.
func Variable(name, value string) string {
	return name + "=" + strings.ReplaceAll(value, "\x00", "\ufffd")
}

// Variables returns NAME=value of each.
func Variables(names, values []string) []string {
	env := make([]string, len(names))
	for i, name := range names {
		env[i] = Variable(name, values[i])
	}
	return env
}
