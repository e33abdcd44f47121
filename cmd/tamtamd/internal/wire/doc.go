// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire carries bytes on channels between nodes over the one gossip socket, so
// that a lossy network looks like a loss-free one up to a time-out. It does not know
// what the channels are for.
//
// Core is the protocol without IO: bytes and the time in; bytes, events and the
// next deadline out. Endpoint is the socket around it.
//
// # Frames
//
// Sizes are bytes, integers big-endian. A frame takes at most MaxFrame bytes, so
// it is never fragmented.
//
//	0     2   3    4        12    20       28 29
//	┌─────┬───┬────┬────────┬─────┬────────┬─┬──────────┬─────────┐
//	│FF FF│ver│kind│session │ tag │counter │n│ n acks×4 │ payload │
//	└─────┴───┴────┴────────┴─────┴────────┴─┴──────────┴─────────┘
//	FF FF    no Smudge datagram begins so: its first two bytes are the lower half of
//	         an Adler-32, which is under 65,521 = 0xFFF1 (RFC 1950)
//	ver      1
//	session  names one life of the sender's transport; random
//	tag      what the receiver told this sender to write here, and nobody else:
//	         it shows that the sender has received something at its address
//	kind     below, in hexadecimal; its highest bit says that the frame is sealed
//	counter  grows by one with each frame that the session makes for this receiver, in a
//	         block of 2³² that is this receiver's; no two frames of a session have the
//	         same, and a frame that is sent again is the same, byte for byte
//	acks     the lower halves of the counters of frames that arrived
//
//	kind         payload                        acknowledged
//	01 hello     nonce 8 · cluster name · pad   by a welcome
//	02 welcome   cookie 8 · known 1; the tag is by an info
//	             the nonce
//	03 refuse    none; the tag is the nonce     no
//	04 info      see Info                       yes
//	05 profile   that of Info, changed          yes
//	06 ack       none                           no
//	07 announce  that of package discovery      no, by multicast
//	1c data      that of channel c              yes
//	2c ack data  that of channel c              no, see below
//
// # Opening a session
//
//	A                                      B
//	│── hello (nonce) ───────────────────▶│  no state is made
//	│◀────────────── welcome (cookie) ─────│  never longer than the hello
//	│   B answers at the address: A lists B
//	│── info (tag = cookie) ─────────────▶│  the cookie came back from A's address:
//	│◀──────────────────────────── info ───│  B lists A, and tells its own
//
// A cookie is a MAC over the source address, the session, the nonce and the time, so a flood
// of hellos fills no table. Who a node is, is the address it advertises, not the
// one its packets come from. If they differ, or another session is known at the
// address, then the address is greeted, and whose session the welcome bears, lives
// there: nobody gets an address by claiming it. A session is no secret either. Of one
// that is known, an info is taken that comes from where it lives or bears the tag
// that it was told there; any other makes B send its own info there, which brings the tag.
//
// # Sealing
//
// With keys of the cluster, all that follows the header is sealed, and the header
// authenticated, with AES-256-GCM; 16 bytes for its tag are left in each frame, sealed or
// not. Whatever no key opens is dropped before anything else looks at it, and not answered.
// The key of a session is HKDF(cluster's key, session), the nonce the counter.
//
// What is replayed finds its counter in the window of the session; or a session that is
// not known, since a receiver that has forgotten it, as after a restart, wants a tag or
// a cookie that it has made itself since; or one that was known a while ago, whose
// openings are remembered for as long as a cookie is good.
//
// # Loss
//
// Frames are sent again after a time-out that follows the round trip (RFC 6298),
// until they are acknowledged or out of date. Ack data rides with an acknowledgement
// that was waiting, and is not itself acknowledged. If it is lost, the frame that it
// acknowledges comes again, and the ack data is sent again. So a question and its answer take two packets.
package wire
