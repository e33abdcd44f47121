// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package attack attacks real daemons, as somebody would who has no token and no key: on the
// loopback interface, for some seconds, and as fast as one process can. Each test says how much
// it tried, what got in, and what it cost: memory before, after, and when all is over; the calls
// of the operator meanwhile; and what the other members saw.
package attack
