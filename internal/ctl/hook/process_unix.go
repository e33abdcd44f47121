// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package hook

import (
	"bytes"
	"os/exec"
	"syscall"
)

const supported = true

// group is a shell that leads a process group of its own, so that all it starts can be
// ended with it, and so that Ctrl-C reaches only us, and we end the command.
type group struct{ cmd *exec.Cmd }

var _ process = group{}

func start(r run) (process, error) {
	cmd := exec.Command("/bin/sh", "-c", r.command)
	cmd.Env = r.env
	cmd.Stdin = bytes.NewReader(r.stdin)
	cmd.Stdout, cmd.Stderr = r.out, r.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = letGo
	return group{cmd}, cmd.Start()
}

func (g group) Wait() error { return g.cmd.Wait() }
func (g group) Terminate()  { g.signal(syscall.SIGTERM) }
func (g group) Kill()       { g.signal(syscall.SIGKILL) }

// Alive reports whether the group has a process left. While it has, no other process gets
// its number; when it has none, signals to it stop here.
func (g group) Alive() bool { return syscall.Kill(-g.cmd.Process.Pid, 0) == nil }

func (g group) signal(s syscall.Signal) {
	_ = syscall.Kill(-g.cmd.Process.Pid, s) // it may have ended
}
