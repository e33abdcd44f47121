// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"testing"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/testpty"
)

// TestRemoveAsks: on a terminal, a live member is removed only after a yes.
func TestRemoveAsks(t *testing.T) {
	f := &removable{}
	addr := serveAs(t, f)
	for answer, want := range map[string]struct {
		code  int
		taken string
	}{"y\n": {0, "192.0.2.3:9999!"}, "YES\n": {0, "192.0.2.3:9999!"}, "\n": {5, ""}, "no\n": {5, ""}, "\x04": {5, ""}} {
		for _, command := range []string{"remove", "leave"} {
			t.Setenv("HOME", t.TempDir())
			p := testpty.Open(t)
			code := make(chan int, 1)
			go func() {
				code <- ctl.Run(context.Background(), []string{"--rpc", addr, command, "192.0.2.3:9999"},
					ctl.Streams{In: p.Slave, Out: p.Slave, Err: p.Slave})
			}()
			await(t, p, "192.0.2.3:9999 (web) is ALIVE, and would be alone until it is told to join. Remove it? [y/N] ")
			p.Type(answer)
			if have, taken := <-code, f.taken(); have != want.code || taken != want.taken {
				t.Errorf("%s, answered %q: exit status %d, took %q; want %+v", command, answer, have, taken, want)
			}
		}
	}
}
