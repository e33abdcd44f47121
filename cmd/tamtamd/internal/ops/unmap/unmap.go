// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package unmap takes the pages of the program out of the memory of the process that only its start has
// used. Most are such: those of flags, configuration and registration, and those that the kernel maps beside each
// one that is used. They stay in the page cache until the kernel needs the memory for something else, and are
// mapped again without a read if they are still there. So the resident memory of the process is what it uses.
package unmap

import "time"

// After is how long after its start a program has done what it does only once.
const After = 10 * time.Second
