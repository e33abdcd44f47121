// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"

	"github.com/eelcocramer/tamtam/internal/completion"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/flaghelp"
)

// name is the name of the program.
const name = "tamtam-template"

// The texts of the help, and of the reference.
const (
	Usage = "tamtam-template [flags] TEMPLATE:FILE..."
	Short = "Write configuration files from the members of the cluster."
	Long  = `Renders templates of Go (text/template) when members, their tags or their services change. A file is replaced in
one step, and only if its content is different and --check passes; then --reload runs. Otherwise the last good file
stays: also while the daemon is away or has not joined its cluster, or if the template fails. SIGHUP renders at once.

  tamtam-template haproxy.tmpl:/etc/haproxy/haproxy.cfg \
    --check 'haproxy -c -f %' --reload 'systemctl reload haproxy'
  tamtam-template --dry hosts.tmpl

Both commands run by sh -c. In --check, % is the path of the new file, quoted, and %% is a percent sign. If a command
fails, it is tried again after 1 s to 1 min, or after a change.

docs/templates.md has the functions of templates, and recipes for HAProxy, nginx, /etc/hosts and WireGuard.
Flags about the connection are also TAMTAM_* variables, and keys of the file of --config; the others are not.

Exit status: 0 done, 1 failed, 2 wrong usage, 4 no daemon, 5 refused by the daemon, 6 out of time. Without --once,
it ends on a signal, or when the daemon refuses.`
)

// Pair is a template and the file that it makes.
type Pair struct{ Source, Dest string }

// String returns what parsePair parses.
func (p Pair) String() string {
	if p.Dest == "" {
		return p.Source
	}
	return p.Source + ":" + p.Dest
}

// Flags are the flags and the arguments.
type Flags struct {
	Pairs         []Pair
	Check, Reload string        // for sh -c; empty for none
	ExecTimeout   time.Duration // of a run of each
	Settle, Max   time.Duration
	Mode          fs.FileMode // 0: that of the file, or newMode
	Once, Dry     bool
	Conn          *ctlflags.Flags // only those of RegisterConnection
}

// Register returns the flags with their defaults, and defines them in fs.
func Register(fs *flag.FlagSet) *Flags {
	f := &Flags{Conn: ctlflags.Default(), ExecTimeout: 30 * time.Second, Settle: 500 * time.Millisecond, Max: 5 * time.Second}
	f.Conn.RegisterConnection(fs)
	fs.Var(arg.Command{P: &f.Check}, "check", "`command` that must succeed before a file is replaced; % is the path of the new file")
	fs.Var(arg.Command{P: &f.Reload}, "reload", "`command` to run after files were replaced")
	fs.Var(arg.Duration{P: &f.ExecTimeout}, "exec-timeout", "`time` that a run of a command may take")
	fs.Var(arg.Duration{P: &f.Settle}, "settle", "render when nothing has changed for this `time`")
	fs.Var(arg.Duration{P: &f.Max}, "max", "render at the latest when this `time` has passed since the first change")
	fs.Var(mode{&f.Mode}, "mode", "`permissions` of the files, such as 0640 (default: those of the file, or 0644 for a new one)")
	fs.BoolVar(&f.Once, "once", false, "render once, and end")
	fs.BoolVar(&f.Dry, "dry", false, "print what would be written to stdout, and end; run no command")
	return f
}

// mode is a flag.Value for the permissions of a file.
type mode struct{ p *fs.FileMode }

func (m mode) String() string {
	if m.p == nil || *m.p == 0 {
		return ""
	}
	return fmt.Sprintf("%#o", *m.p)
}

func (m mode) Set(s string) error {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n == 0 || n > 0o777 {
		return errors.New("want octal permissions, such as 0640")
	}
	*m.p = fs.FileMode(n)
	return nil
}

// parse reads the command line, and for the connection the environment and the file. The error is one line,
// or flag.ErrHelp.
func parse(args []string) (*Flags, error) {
	fs := newFlagSet()
	f := Register(fs)
	var words []string
	for len(args) > 0 {
		if err := ff.Parse(fs, args); err != nil {
			return nil, config.Explain(fs, err)
		}
		rest := fs.Args()
		if n := len(args) - len(rest); len(rest) > 0 && n > 0 && args[n-1] == "--" {
			words = append(words, rest...)
			break
		}
		if args = rest; len(rest) > 0 {
			words, args = append(words, rest[0]), rest[1:]
		}
	}
	// The other flags are none of the shared file: the daemon has some of the same names.
	shared := newFlagSet()
	ctlflags.Default().RegisterConnection(shared)
	var given []string
	fs.Visit(func(set *flag.Flag) {
		if shared.Lookup(set.Name) != nil {
			given = append(given, "--"+set.Name+"="+set.Value.String())
		}
	})
	shared = newFlagSet()
	f.Conn.RegisterConnection(shared)
	if err := config.Parse(shared, given, nil, append(daemonflags.Names(), ctlflags.Names()...)); err != nil {
		return nil, err
	}
	return f, f.complete(words)
}

func newFlagSet() *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // Main reports errors, once
	fs.Usage = func() {}
	return fs
}

// complete takes the arguments, and checks what flags mean together.
func (f *Flags) complete(words []string) error {
	for _, w := range words {
		p, err := parsePair(w, f.Dry)
		if err != nil {
			return err
		}
		if p.Dest != "" && slices.ContainsFunc(f.Pairs, func(q Pair) bool { return q.Dest == p.Dest }) {
			return usagef("two templates for %s: want one for each file", p.Dest)
		}
		f.Pairs = append(f.Pairs, p)
	}
	switch {
	case len(f.Pairs) == 0:
		return usagef("no template: want TEMPLATE:FILE, such as hosts.tmpl:/etc/hosts")
	case f.Max < f.Settle:
		return usagef("--max %v is less than --settle %v: want at least as much", f.Max, f.Settle)
	case f.Check != "" && fill(f.Check, "") == strings.ReplaceAll(f.Check, "%%", "%"):
		return usagef("--check %q has no %%, which stands for the path of the new file: it would check the old one", f.Check)
	case f.Check == "" && f.Reload == "":
		return nil
	}
	if err := hook.Supported(); err != nil && !f.Dry {
		return fmt.Errorf("--check and --reload: %w", err)
	}
	return nil
}

// parsePair parses TEMPLATE:FILE; with bare, the colon and the file may be missing.
func parsePair(s string, bare bool) (Pair, error) {
	skip := 0
	if runtime.GOOS == "windows" && len(s) > 1 && s[1] == ':' {
		skip = 2 // a drive
	}
	source, dest, ok := strings.Cut(s[skip:], ":")
	if source = s[:skip] + source; source == "" || ok && dest == "" || !ok && !bare {
		return Pair{}, usagef("argument %q: want TEMPLATE:FILE, such as hosts.tmpl:/etc/hosts", s)
	}
	return Pair{source, dest}, nil
}

// usageError is a command line that is wrong.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, values ...any) error {
	return &usageError{fmt.Sprintf(format, values...)}
}

// writeHelp writes what -h prints.
func writeHelp(w io.Writer) {
	fs := newFlagSet()
	Register(fs)
	width := flaghelp.Width(w)
	flaghelp.Head(w, Short, Usage, Long, width)
	shared := newFlagSet()
	ctlflags.Default().RegisterConnection(shared)
	connection := flaghelp.Group{Title: "CONNECTION"}
	shared.VisitAll(func(f *flag.Flag) { connection.Flags = append(connection.Flags, f.Name) })
	flaghelp.Write(w, fs, nil, []flaghelp.Group{connection}, width)
}

// complete answers what has to do with completion in shells; see package completion.
func complete(args []string) (text string, ok bool) {
	if len(args) == 2 && args[0] == "completion" {
		text = completion.Script(name, args[1])
		return text, text != ""
	}
	if len(args) == 0 || args[0] != completion.Command {
		return "", false
	}
	words := completion.Typed(args[1:])
	cursor := words[len(words)-1]
	fs := newFlagSet()
	Register(fs)
	r := completion.Reply{Files: true} // TEMPLATE:FILE
	if f := completion.ValueOf(fs, words, nil); f != nil {
		r.Files = completion.IsFile(f)
	} else if strings.HasPrefix(cursor, "-") {
		r = completion.Reply{Candidates: completion.Flags(fs)}
	}
	var b strings.Builder
	_ = r.Write(&b, cursor) // into memory
	return b.String(), true
}
