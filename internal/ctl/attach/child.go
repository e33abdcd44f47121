// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// letGo is how long the standard streams stay open for what CMD has left behind, if they are not files.
const letGo = time.Second

// ExitError is the exit status of CMD.
type ExitError struct{ Code int }

func (e *ExitError) Error() string {
	return fmt.Sprintf("the command ended with exit status %d", e.Code)
}

// child is a running CMD.
type child struct {
	process *os.Process
	ended   chan int // gets its exit status
}

// startChild starts CMD with the standard streams, but without a terminal as its input: CMD is in the
// background there, and the system stops such a process when it reads. The system ends it with SIGTERM if this program is
// killed, where it can: on Linux, that is when the thread ends that started CMD, so one goroutine keeps
// its thread until CMD has ended.
func startChild(command []string, in io.Reader, out, errs io.Writer) (*child, error) {
	if render.IsTerminal(in) {
		in = nil
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = letGo
	started, ended := make(chan error, 1), make(chan int, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the state says all
			ended <- exitStatus(cmd.ProcessState)
		}
	}()
	if err := <-started; err != nil {
		var why *exec.Error
		if errors.As(err, &why) {
			err = why.Err
		}
		return nil, fmt.Errorf("%s does not start: %w", command[0], err)
	}
	return &child{cmd.Process, ended}, nil
}

// exitStatus returns the exit status of a process as a shell has it: 128 and the signal, if one ended it.
func exitStatus(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// signal passes a signal on; the process may have ended. One that is stopped goes on if the signal asks
// it to end: it could not otherwise.
func (c *child) signal(s os.Signal) {
	_ = c.process.Signal(s)
	if slices.Contains(hook.EndSignals(), s) {
		resume(c.process)
	}
}
