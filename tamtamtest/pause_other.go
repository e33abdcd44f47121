// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package tamtamtest

// Pause skips the test: this system cannot stop a process.
func (n *Node) Pause() {
	n.t.Helper()
	n.t.Skip("this system cannot stop a process")
}

// Resume undoes Pause.
func (n *Node) Resume() {}
