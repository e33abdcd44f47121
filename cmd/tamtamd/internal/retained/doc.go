// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package retained keeps the last value of each retained topic, the same on all members.
//
// Core is the protocol without IO: values, members, messages and the time in; messages, changes
// and the next deadline out. Topics is the shell around it: the callers who set values, and the clock.
//
// Of two values of a topic, the later one wins, by the clock of the node where it was set; at the same
// time that of the higher address, then the greater value. A node dates a value later than the one that
// it replaces. So who sees a value and sets another one wins, whatever the clocks are, up to MaxAhead:
// a value that is dated later than that is refused, as it would win forever.
//
// A topic is deleted by an empty value, a tombstone, which is kept for Life against older values.
//
// All members keep the same values: each value replaces the earlier ones, and if there are too many, the
// topics that were created last are dropped. So it does not matter in which order a node learns of them.
//
//	push        origin ─ record ─▶ all members ─ have, if the origin asked, or it was refused ─▶ origin
//	comparison  A ─ digest of 32 buckets ─▶ B, a random member
//	            A ◀─ index of the buckets that differ ─ B   or the records, if A has none there
//	            A ─ records that B lacks, wants ─▶ B
//	            A ◀─ records ─ B
//
// A node compares when it meets members, after each change, and every few seconds while it has values.
// A cluster without values sends nothing but three comparisons of each node that joins.
//
// Formats, as payloads of the wire's messages; integers are big-endian, a hash is the start of SHA-256:
//
//	records  1 · flags 1 (1 have is wanted, 2 push) · of each: time 8, nanoseconds since 1970 ·
//	         nanoseconds since the topic was created, uvarint · address of the origin 18 ·
//	         topic length 1 · topic · value length, uvarint · value
//	digest   2 · of each bucket: the exclusive or of the hashes of its records 8, 0 for an empty one
//	index    3 · first 8 · last 8: hashes of topics · of each record between them: hash of the topic 8 ·
//	         time 8 · hash of the record 8
//	want     4 · hashes of topics 8
//	have     5 · status 1 · of each: hash of the topic 8 · time 8
//	ask      6 · hash of the topic 8 · time 8: have is wanted
//
// A bucket has the topics whose hashes begin with the same five bits. A member of an earlier version does
// not know the channel; a member announces in its profile that it does, and others get nothing.
package retained
