// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package broadcast delivers messages to every live member, exactly once and in
// each origin's order, over a network that loses packets.
//
// Core is the protocol without IO: messages, acknowledgements and the time in;
// messages, deliveries and the next deadline out. Broadcaster is the shell around it:
// readers, senders that wait for members to have a message, and the clock.
//
// A message is named by its stream, which is one session of its origin, and a
// sequence number from 1.
//
//	push          origin ─ messages ─▶ all members, or some of many
//	              first receipt ─ messages ─▶ some others, in a large cluster
//	anti-entropy  A ─ digest ─▶ B, a random member, once a second while there is traffic
//	              A ◀─ digest ─ B  of the streams that differ
//	repair        A ─ want ─▶ B ─ message, message, … ─▶ A
//	              or B ─ gone ─▶ A when B no longer keeps the message
//
// What is broadcast at about one time goes out together. A member has little to do for a
// message beside waking up for it, so an origin that sends much sends less often instead of
// more packets; see pace. Where members are late to acknowledge, it sends no faster than they
// do; see underway.
//
// The wire retransmits each push until it is acknowledged, which makes up for most
// losses. Anti-entropy finds the rest: messages that were sent while two members
// could not reach each other, or by an origin that died while it pushed.
//
// A digest names only streams that were active recently, so a quiet cluster sends
// nothing. A node takes part in a stream from the position the stream had when the
// node met the origin. An origin that has sent something reports that position in a
// digest with the flag meet. So a node misses nothing sent later, and does not take
// history for news. The stream of an origin that reports none begins with message 1.
// Of two nodes that meet, one knows the other first, and its digest is dropped by a
// node that does not know it yet. So each side answers a meet with its own position,
// and a node that sees anything but message 1 of an origin without a position asks it.
//
// Formats, as payloads of the wire's messages; integers are big-endian:
//
//	message  1 · stream 26 · sequence 8 · sent 8, nanoseconds since 1970 ·
//	         topic length 1 · topic · payload
//	digest   2 · flags 1 (1 answer, 2 meet) · entries: stream 26 · have 8, the last of the unbroken run
//	want     3 · stream 26 · from 8 · count 2
//	gone     4 · stream 26 · first 8, the oldest that is kept
//	repair   5, then as a message; not passed on
//	batch    6, or 7 if it is not passed on · stream 26 · sequence 8 of the first ·
//	         of each: nanoseconds since the one before was sent, varint of 4 bytes or more ·
//	         topic length 1 · topic · payload length, uvarint · payload
//	addressed 8, or 9 if it is not passed on, then as a batch; after each payload ·
//	         length, uvarint, 0 for all members · recipients, see package recipients
//	pieces   16, or 17 if it is not passed on, then as addressed; after the recipients of each ·
//	         which piece 1, from 0 · of how many 1, 0 for a whole message
//	report   10 · stream 26 · of each: sequence 8, the highest bit set if it is for the sender
//	kept ask 20
//	kept     21 · frames of the answer 1 · of each: stream 26 · first 8 · last 8 · sent 8
//	stream   IP 16 (IPv4 mapped) · port 2 · session 8
//
// A reader that resumes (reading, cursor) may want messages from before this node took part in a stream,
// or of streams that have ended. The first such reader has the node ask members what they keep (survey). What
// the reader lacks is fetched with wants (fetch), and goes to the store, not to other readers. A
// cluster without such readers exchanges none of this. An earlier version drops the question; it is asked with
// wants in any case. So the question and its answer are harmless for it.
//
// A message for some members is one of the stream like any other: all members get it, keep it
// and repair it. When its turn comes, each decides by its own address and tags whether its readers get it. So a
// node passes on and repairs what is for others, and counts no gap. If the origin waits, each member
// reports what it decided. An earlier version cannot read such a message, and would miss a number of the
// stream; it drops an unknown kind. So a member announces in its profile that it can, and an origin sends such messages only
// while all its live members can. A member that cannot, and joins later, begins after the last of them;
// if it was cut off meanwhile, its origin reports to it that they are gone, which is a gap.
//
// A message of more than 1,024 bytes, or of more than 768 for some members, takes several entries of the stream: first its
// topic and recipients, then its payload in pieces; see pieces.go. Each is acknowledged, passed on and repaired by
// itself, so a member asks only for those that it lacks. The message is delivered, and is in digests, when all are here.
// An earlier version cannot read pieces. It announces a limit of 1,024 bytes at most, and an origin sends nothing larger than
// the smallest limit of its live members. One that joins later, or was cut off, is as with recipients.
//
// Plain Smudge nodes get and send Smudge's broadcasts, best effort; see plain.go.
package broadcast
