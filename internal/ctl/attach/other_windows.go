// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"os"
	"syscall"
)

// passed are the signals that end this program: CMD is not supported here.
var passed = []os.Signal{os.Interrupt, syscall.SIGTERM}

func attributes() *syscall.SysProcAttr { return nil }
