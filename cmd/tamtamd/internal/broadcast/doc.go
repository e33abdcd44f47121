// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package broadcast brings short messages to every live member, once, each origin's
// in order, whatever the network loses.
//
// Core is the protocol without IO: messages, acknowledgements and the time in;
// messages, deliveries and the next deadline out. Broadcaster is what is around it:
// readers, those who wait for others to have a message, and the clock.
//
// A message is named by its stream, which is one life (session) of its origin, and a
// sequence number from 1.
//
//	push     origin ─ message ─▶ all members, or some of many
//	         first receipt ─ message ─▶ some others, if there are many
//	compare  A ─ digest ─▶ B, a random member, once a second while there is news
//	         A ◀─ digest ─ B  of the streams of which one lacks what the other has
//	repair   A ─ want ─▶ B ─ message, message, … ─▶ A
//	         or B ─ gone ─▶ A when B no longer keeps it
//
// The transport sends each again until it is acknowledged, so most of what is lost
// on the way is made up for there; comparing finds the rest: what was sent while
// two could not reach each other, or by an origin that died in the midst.
//
// A digest names only streams that were active lately, so a quiet cluster pays
// nothing. A node takes part in a stream from where it was when it met the origin,
// which tells it by a digest of its own stream (meet); so it misses nothing after
// that and takes no history for news. Of two nodes one knows the other first, and is
// not heard yet: so whoever is told is to tell, too.
//
// What is sent, as the payload of the transport's messages; integers are big-endian:
//
//	message  1 · stream 26 · sequence 8 · sent 8, nanoseconds since 1970 ·
//	         topic length 1 · topic · payload
//	digest   2 · flags 1 (1 answer, 2 meet) · entries: stream 26 · have 8, up to which all is there
//	want     3 · stream 26 · from 8 · count 2
//	gone     4 · stream 26 · first 8, the oldest that is kept
//	repair   5, as a message; is not passed on
//	stream   IP 16 (IPv4 mapped) · port 2 · session 8
//
// Plain members get and send Smudge's broadcasts, best effort; see plain.go.
package broadcast
