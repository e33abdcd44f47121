// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// processes are the daemons of a system, at most one on each host.
type processes struct {
	system string
	net    *network
	board  *board
	logs   string    // directory for their output; "" for none
	stderr io.Writer // gets a line when one ends unexpectedly

	mu      sync.Mutex
	running map[int]*process
	crashed int
}

// process is a running daemon.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{} // closed by the observer, when the daemon answers
	ending bool          // the lab ended it; guarded by processes.mu
	ended  chan struct{} // closed when it has ended, and the board shows it
}

// launch starts a program on host i and waits until observe, which runs for as long as
// the program, says that it is ready.
func (ps *processes) launch(
	ctx context.Context, i int, out io.Writer, observe func(ctx context.Context, ready func()), argv ...string,
) error {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), ready: make(chan struct{}), ended: make(chan struct{})}
	log, err := ps.log(i)
	if err != nil {
		return err
	}
	last := &tail{}
	p.cmd.Stdout = io.MultiWriter(out, log, last)
	p.cmd.Stderr = p.cmd.Stdout
	p.cmd.SysProcAttr = bound()
	// Neither the caller's environment nor a file in a home directory may configure it.
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	ps.board.begin(i)
	if err := ps.net.hosts[i].enter(p.cmd.Start); err != nil {
		ps.board.end(i)
		_ = log.Close()
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	ps.mu.Lock()
	ps.running[i] = p
	ps.mu.Unlock()

	life, over := context.WithCancel(context.Background())
	observed := make(chan struct{})
	go func() {
		defer close(observed)
		observe(life, sync.OnceFunc(func() { close(p.ready) }))
	}()
	go func() {
		err := p.cmd.Wait()
		over()
		<-observed
		_ = log.Close()
		ps.gone(i, p, err, last)
	}()
	select {
	case <-p.ready:
		return nil
	case <-p.ended:
		return fmt.Errorf("%s ended at once:\n%s", argv[0], last)
	case <-ctx.Done():
		ps.kill(i)
		return fmt.Errorf("%s is not ready: %w:\n%s", argv[0], ctx.Err(), last)
	}
}

// log returns the file for a daemon's output, if logs are wanted.
func (ps *processes) log(i int) (io.WriteCloser, error) {
	if ps.logs == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	path := filepath.Join(ps.logs, fmt.Sprintf("%s-%d.log", ps.system, i))
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// gone handles the end of a process.
func (ps *processes) gone(i int, p *process, err error, last *tail) {
	ps.board.end(i)
	ps.mu.Lock()
	delete(ps.running, i)
	crash := !p.ending
	if crash {
		ps.crashed++
	}
	ps.mu.Unlock()
	if crash {
		fmt.Fprintf(ps.stderr, "lab: %s %d ended by itself: %v:\n%s\n", ps.system, i, err, last)
	}
	close(p.ended)
}

func (ps *processes) get(i int) *process {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.running[i]
}

// ending returns the process of node i, and marks its end as expected.
func (ps *processes) ending(i int) *process {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.running[i]; p != nil {
		p.ending = true
		return p
	}
	return nil
}

func (ps *processes) kill(i int) {
	if p := ps.ending(i); p != nil {
		_ = p.cmd.Process.Kill() // it may have ended already
		<-p.ended
	}
}

func (ps *processes) signal(i int, s os.Signal) error {
	if p := ps.get(i); p != nil {
		return p.cmd.Process.Signal(s)
	}
	return os.ErrProcessDone
}

func (ps *processes) pid(i int) int {
	if p := ps.get(i); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

func (ps *processes) crashes() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.crashed
}

// tailSize bounds the output that is kept, in bytes.
const tailSize = 4096

// tail keeps the last lines of a daemon's output, for the report if it fails.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if len(t.buf) > 2*tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}

// poll calls f until it succeeds or the context is done.
func poll(ctx context.Context, every time.Duration, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(every):
		}
	}
}
