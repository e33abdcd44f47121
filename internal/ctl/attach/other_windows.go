// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"os"
	"syscall"
)

// passed returns the signals that end this program: CMD is not supported here.
func passed() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func resume(*os.Process) {}

func attributes() *syscall.SysProcAttr { return nil }
