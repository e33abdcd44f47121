// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import "time"

const (
	// strangerRate and strangerBurst bound the calls of a client without a valid token: in a
	// second, and at once.
	strangerRate, strangerBurst = 10, 100
	// holdFor is how long a connection of a stranger that floods is held before it is closed.
	holdFor = time.Second
)
