// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package limits has the ranges that the flags, the client and the daemon share, each
// once. It imports nothing but the standard library.
package limits

import "time"

// Timing of probes and of what else repeats.
const (
	MinHeartbeat = 20 * time.Millisecond // between two probes
	MaxHeartbeat = time.Minute

	MinProbeTimeout = 20 * time.Millisecond
	MaxProbeTimeout = time.Minute

	MinMulticastInterval = time.Second // or 0; Smudge's, too: a short one floods the network
	MaxMulticastInterval = time.Hour
	MinReconnectTimeout  = time.Second
	MaxReconnectTimeout  = 8760 * time.Hour // a year
)

// Texts, in bytes.
const (
	MaxName     = 128 // of a node
	MaxCluster  = 255 // its length is one byte in a multicast announcement
	MaxTopic    = 64  // of a broadcast
	MaxTags     = 512 // all keys and values of a node
	MaxTagCount = 32  // how many tags
	MaxTagKey   = 64
)

// Keys of the cluster.
const (
	KeySize = 32 // bytes
	MaxKeys = 8  // of a keyring: each but the first costs work for every packet that cannot be decrypted
)

// Addresses.
const (
	MaxPort  = 1<<16 - 1
	MaxJoin  = 256 // named in one request to join
	MaxRPC   = 16  // that gRPC is served on
	MaxAllow = 256 // networks whose nodes may be members
)

// What a node keeps for late readers and repairs: messages, and their bytes.
const (
	MaxKeep      = 1 << 20
	MaxKeepBytes = 1 << 30
)

// Sizes in bytes. Any path carries a frame of Frame bytes unfragmented: RFC 8200 asks for
// 1,280 with the headers of IPv6 and UDP.
const (
	Frame       = 1200
	FrameHeader = 29
	FrameSeal   = 16 // what encryption adds
	FrameAck    = 4  // one acknowledgement
	// FrameData is what a frame has for its content beside one acknowledgement.
	FrameData = Frame - FrameHeader - FrameSeal - FrameAck
	FrameAddr = 18 // an address
	// FrameRelay is what a frame takes that has another one in it, which a relay passes on.
	FrameRelay = FrameHeader + FrameAddr + FrameSeal
	// RelayedData is what a frame that can be relayed has for its content beside one
	// acknowledgement.
	RelayedData = FrameData - FrameRelay
	// Piece is the most of a payload that is in one frame. It leaves room in FrameData for the
	// fields of a message: package broadcast tests that. What is larger goes in pieces.
	Piece = 1024
	// MaxPayload of a broadcast.
	MaxPayload = 64 << 10
	// MaxRequest is the largest request to a daemon: MaxPayload, and all else that it has.
	MaxRequest = MaxPayload + 4<<10
	// MaxQuestion and MaxAnswer are the payloads of a question and of its answer, and
	// MaxConditions the conditions about tags, encoded. Questions, and pieces of answers, fit into
	// RelayedData with all else that they have: package ask tests that.
	MaxQuestion      = 768
	MaxConditions    = 200
	MaxAnswer        = 64 << 10
	MaxAnswerFailure = 256 // a text
	// MaxRetained is the value of a retained topic. A record with the longest topic fits into
	// FrameData: package retained tests that.
	MaxRetained = 1024
)

// How soon a program that is attached must send its next request, if it says a time.
const (
	MinAttachTTL = time.Second
	MaxAttachTTL = time.Minute
)

// What is asked of members.
const (
	MaxQueryTimeout  = 5 * time.Minute
	MaxQueryMembers  = 256 // named in a query
	MaxQueryTags     = 32  // conditions of a query
	MaxAnswererTopic = 16  // topics that one program answers
)
