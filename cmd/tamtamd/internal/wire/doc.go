// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire carries bytes on channels between nodes over the one gossip socket, so that
// a lossy network looks like a loss-free one up to a timeout. It does not know what the
// channels are for.
//
// Core is the protocol without IO: packets and the time go in; packets, events and the next
// deadline come out. Endpoint runs a Core at a socket. Package frame has the layout and the
// encryption of frames, package arq the reliable delivery of one link.
//
// # Frames
//
// The kinds of frames, in hexadecimal, where c is the number of a channel:
//
//	kind         payload                           acknowledged
//	01 hello     nonce 8 · cluster name · padding  by a welcome
//	02 welcome   cookie 8 · known 1                by an info
//	03 refuse    none                              no
//	04 info      see Info                          yes
//	05 profile   that of Info, changed             yes
//	06 ack       none                              no
//	07 announce  that of package discovery         no, sent by multicast
//	08 relay     address 18 · frame to pass on     no
//	09 relayed   address 18 · frame of that node   no
//	0a renew     generation 4 · share              yes
//	1c data      that of channel c                 yes
//	2c ack data  that of channel c                 no, see below
//
// The session in a frame is the sender's: a random number that differs from one process of
// a node to the next. The connection ID is a number that the receiver told this sender, and
// no other node, to write here: it proves that the sender has received something at its
// address. A welcome and a refuse carry the nonce of the hello there.
//
// The counter of a session grows by one with each frame for one receiver, in a block of 2³²
// that belongs to this receiver. No two frames of a session have the same counter. A
// retransmission is the same frame, byte for byte, but for the length of its header.
//
// In an open session a frame travels with a short header: see frame.Shorten. An info says
// that its sender understands them. A node uses them when the receiver has shown that it has its
// info, and so knows the session and the block of the counters, which they leave out.
//
// # Opening a session
//
//	A                                               B
//	│── hello (nonce) ────────────────────────────▶│  B keeps no state
//	│◀─────────────────────── welcome (cookie) ─────│  never longer than the hello
//	│   B answers at the address: A lists B
//	│── info (connection ID = cookie) ────────────▶│  the cookie came back from A's address:
//	│◀───────────────────────────────────── info ───│  B lists A, and sends its own
//
// A retransmits its info until B's has come. So B's needs no acknowledgement if A's says that A
// understands that; the first frame of A with the connection ID in it shows B that A has it. A node
// of an earlier version acknowledges it.
//
// Two nodes that greet each other at the same time need one handshake. The one with the lower
// address leaves the hello of the other without an answer, unless it is repeated.
//
// A cookie is a MAC over the source address, the session, the nonce and the time, so a flood
// of hellos fills no table.
//
// A node that does not keep up with its socket finds hellos there whose senders no longer wait for
// an answer. On Linux the kernel says when it received each packet: those hellos are dropped
// before anything is decrypted. Elsewhere they are answered.
//
// A node is known by the address that it advertises, not by the one that its packets come
// from. If the two differ, or another session is known at the advertised address, that
// address is greeted: the session that answers there lives there. So no node gets an address
// by claiming it.
//
// A session number is no secret. An info of a known session is taken if it comes from the
// address of the session, or carries the connection ID that the session was given. Any other
// one makes B send its own info to the address of the session, with the connection ID. See
// classify.
//
// # Encryption
//
// With keys, all that follows the header is encrypted with AES-256-GCM, and the header is
// authenticated. Each frame leaves 16 bytes for the tag of AES-GCM, encrypted or not. Packets
// that cannot be decrypted are dropped before anything else reads them, and not answered. The
// key of a session is HKDF(key of the cluster, session); the nonce is the counter.
//
// Frames that open sessions are encrypted with that key. Those of open sessions, which are
// profile, ack, renew, data and ack data, have another one: each info has a share of X25519, and the key of a direction is HKDF(key of the cluster and the secret of both
// shares; both sessions and shares, the sender's first). So a key of the cluster that leaks does
// not decrypt what was captured before. That is the pattern NNpsk0 of the Noise framework,
// in other packets. With a node of an earlier version, whose info has no share, all frames
// are encrypted with the key of the session. A frame that cannot be decrypted though it is of
// an open session makes the next welcome say that the session is not known: it is opened
// again.
//
// Two sessions whose infos both say that they renew make another pair each hour, by two frames
// of kind renew, and forget the private keys of the last: see RenewEvery.
//
// Encryption may be less than that while an open cluster becomes an encrypted one. A frame
// that is taken in clear proves no more than in a cluster without keys.
//
// A replayed frame is dropped for one of these reasons: its counter is in the window of the
// session; or its session is not known, as after a restart of the receiver, which only accepts
// a connection ID or a cookie that it has made since; or its session has ended, and the
// receiver remembers the openings of ended sessions for as long as a cookie is valid.
//
// # Loss
//
// A frame is retransmitted after a timeout that follows the round trip (RFC 6298), until it
// is acknowledged or out of date. The interval is doubled each time if round trips are long, or
// this node is late itself; a link with short ones is taken for lossy. If the other end is
// silent, one frame at a time is retransmitted. Ack data rides with an acknowledgement that was waiting, and
// is not itself acknowledged. If it is lost, the frame that it acknowledges is retransmitted,
// and then the ack data is, too. So a question and its answer take two packets.
//
// # Runs
//
// On Linux, packets of one size that leave one after another for one address go through the kernel
// as one, and are read as one if they arrive so. On the network they are packets like all others.
//
// # Relays
//
// Two nodes that do not reach each other directly have a session all the same if a third node
// has one with both: it relays. Any frame goes inside another one, as its sender made it. So
// handshake, encryption, acknowledgements and all channels work end to end.
//
//	A ─ relay (to B, frame) ─▶ C ─ relayed (from A, frame) ─▶ B
//	A ◀─ relayed (from B, frame) ─ C ◀─ relay (to A, frame) ─ B
//
// C passes a frame on once, and only to a node with which it has a direct session, so no frame
// goes in circles. What it passes on in a second is bounded. It keeps nothing, and does not
// acknowledge: the frame inside is retransmitted if its kind is. A frame of more than
// frame.MaxRelayed bytes is not relayed.
//
// The users of this package say which node may relay: GreetBy opens a session, Route changes
// the way of one whose frames are not acknowledged. The other end answers by the relay by
// which it is sent to when nothing comes directly any more. The direct way is tried again from
// time to time, with a hello, and taken when it works.
//
// A cookie that went by a relay is only valid by it, and proves that the relay vouches for the
// address. A relay cannot take over the session of a node that is reached directly, or by
// another relay, and is not silent. If no encryption is required, a relay can make up nodes;
// how many is bounded. It can also take the place of a node that has been silent for as long as a
// frame lives, until the node answers directly: then its session is opened again.
package wire
