// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package timerslack

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asked has the test binary be the program that raises its slack, with it as the slack that it has at
// first.
const asked = "TEST_TIMERSLACK"

func TestMain(m *testing.M) {
	if first, err := time.ParseDuration(os.Getenv(asked)); err == nil {
		program(first)
		return
	}
	os.Exit(m.Run())
}

// program raises its slack, and prints that of some threads, and what it knows of itself.
func program(first time.Duration) {
	if os.Getenv(raised) == "" {
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(first), 0, 0, 0); err != nil {
			panic(err)
		}
		fmt.Println("began as", os.Getpid())
	}
	Raise()
	slacks := make(chan int)
	for range 3 {
		go func() {
			runtime.LockOSThread() // a thread for each
			slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
			if err != nil {
				panic(err)
			}
			slacks <- slack
			select {}
		}()
	}
	for range 3 {
		fmt.Println("slack", time.Duration(<-slacks))
	}
	fmt.Println("goes on as", os.Getpid(), os.Args[1:], os.Getenv(raised))
}

// TestRaise: a program with the usual slack goes on with a larger one, in all threads, and is the same
// process with the same arguments. If somebody has chosen a slack, for the first thread here, the other
// threads show that it is not started again.
func TestRaise(t *testing.T) {
	for first, want := range map[time.Duration]time.Duration{usual: Slack, 2 * usual: usual} {
		cmd := exec.Command(os.Args[0], "one", "two words")
		cmd.Env = append(os.Environ(), asked+"="+first.String())
		out, err := cmd.CombinedOutput()
		expect := fmt.Sprintf("began as %d\n%sgoes on as %[1]d [one two words] \n",
			cmd.Process.Pid, strings.Repeat(fmt.Sprintln("slack", want), 3))
		if err != nil || string(out) != expect {
			t.Errorf("a slack of %v: %v\n%s\nwant\n%s", first, err, out, expect)
		}
	}
}
