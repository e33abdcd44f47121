// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tamtamtest

import "syscall"

// Pause stops the daemon where it is, as a machine that hangs, until Resume. It does not answer calls meanwhile.
func (n *Node) Pause() {
	n.t.Helper()
	n.signal(syscall.SIGSTOP)
}

// Resume undoes Pause.
func (n *Node) Resume() {
	n.t.Helper()
	n.signal(syscall.SIGCONT)
}

func (n *Node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatalf("%s: %v: %v", n.Address, s, err)
	}
}
