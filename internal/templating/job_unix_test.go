// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package templating

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// desk is a job in a directory of its own, with what it said.
type desk struct {
	*job
	t   *testing.T
	dir string
	log bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, dir: t.TempDir()}
	d.job = &job{
		flags: &Flags{ExecTimeout: 30 * time.Second, Conn: ctlflags.Default(), Pairs: []Pair{{d.path("a.tmpl"), d.path("a")}}},
		log:   func(format string, values ...any) { fmt.Fprintf(&d.log, format+"\n", values...) },
	}
	d.write("a.tmpl", `{{ range service "web" | atLeast 1 }}{{ .HostPort }} {{ end }}`)
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// has fails unless a file has a text; "" for a file that is not there.
func (d *desk) has(name, want string) {
	d.t.Helper()
	if text, _ := os.ReadFile(d.path(name)); string(text) != want {
		d.t.Errorf("%s has %q, want %q", name, text, want)
	}
}

// runs runs the job with a web server at a port, 0 for none, and wants an error with a text, "" for none.
func (d *desk) runs(port int, want string) {
	d.t.Helper()
	var list []*tamtam.Member
	if port > 0 {
		list = append(list, member("web", "192.0.2.1:9999", tamtam.Alive, fmt.Sprintf("service/web=%d", port)))
	}
	err := d.run(d.t.Context(), newView(list))
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		d.t.Errorf("port %d: %v, want %q", port, err, want)
	}
}

// TestJob: it reloads when a file was replaced, and only then; and keeps the last good file.
func TestJob(t *testing.T) {
	d := newDesk(t)
	d.flags.Check = "! grep -q :13 % || { echo 'no 13'; exit 1; }"
	d.flags.Reload = "echo r >>" + d.path("reloads")
	d.runs(0, "there are 0, want at least 1")
	d.has("a", "")
	d.has("reloads", "")
	d.runs(80, "")
	d.has("a", "192.0.2.1:80 ")
	d.runs(80, "")
	d.has("reloads", "r\n")
	d.runs(13, "--check ended with exit code 1\n  no 13")
	d.runs(0, "is as before")
	d.has("a", "192.0.2.1:80 ")
	d.has("reloads", "r\n")
	d.runs(81, "")
	d.has("a", "192.0.2.1:81 ")
	d.has("reloads", "r\nr\n")
	if all := names(t, d.dir); len(all) != 3 {
		t.Errorf("left are %v", all)
	}
}

// TestReloadIsTriedAgain: after a failure, until it succeeds, with no further change.
func TestReloadIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	d.flags.Reload = "echo r >>" + d.path("reloads") + "; test -e " + d.path("go")
	d.runs(80, "--reload ended with exit code 1")
	d.runs(80, "--reload ended with exit code 1")
	d.write("go", "")
	d.runs(80, "")
	d.runs(80, "")
	d.has("reloads", "r\nr\nr\n")
}

// TestSeveralFiles: one that fails does not hold up others, and there is one reload for all.
func TestSeveralFiles(t *testing.T) {
	d := newDesk(t)
	d.write("b.tmpl", `{{ range service "web" }}{{ .Port }}{{ end }}`)
	d.flags.Pairs = append(d.flags.Pairs, Pair{d.path("none.tmpl"), d.path("c")}, Pair{d.path("b.tmpl"), d.path("b")})
	d.flags.Reload = "echo r >>" + d.path("reloads")
	d.runs(80, "c is as before: open ")
	d.has("a", "192.0.2.1:80 ")
	d.has("b", "80")
	d.has("reloads", "r\n")
}

// TestCommands: what a command prints is bounded and escaped, its time is bounded, and it finds the daemon.
func TestCommands(t *testing.T) {
	d := newDesk(t)
	d.flags.Conn.RPC = "localhost:7"
	d.flags.Check = `echo "$TAMTAM_RPC"; printf '\033[2J\n'; yes | head -c 100000; exit 1; %`
	d.runs(80, "  localhost:7\n  \\x1b[2J\n  y\n")
	err := d.command(t.Context(), "--check", d.flags.Check)
	if err == nil || len(err.Error()) > 3*maxPrinted+200 || !strings.Contains(err.Error(), "bytes in all") {
		t.Errorf("%v", err)
	}
	d.flags.Check, d.flags.ExecTimeout = "sleep 1000; : %", 50*time.Millisecond
	d.runs(80, "--check took longer than 50ms, and was ended")
	d.has("a", "")

	d.flags.ExecTimeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.command(ctx, "--reload", "sleep 1000"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(d.log.String(), "--reload was ended by a signal") {
		t.Errorf("%v, %s", err, &d.log)
	}
}
