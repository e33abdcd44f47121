// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package detect has the small machines around failure detection: what Smudge leaves
// out of SWIM and Lifeguard, and what it needs to be the only judge of who is alive.
// Each is a type with its own state. None does IO, reads a clock or is safe for
// concurrent use.
package detect
