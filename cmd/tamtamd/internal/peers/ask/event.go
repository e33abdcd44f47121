// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"net/netip"
	"time"
)

// Kind is the kind of an event.
type Kind uint8

// The kinds of events. Those of a query are Received, Answer and Failure, and Done at last.
const (
	// Received: a member has the question. Answerers.
	Received Kind = iota + 1
	// Answer: Answerer, Payload.
	Answer
	// Failure: there is no answer. Answerer, or -1 if it is of the member. Reason, Message.
	Failure
	// Done: nothing follows. Sum.
	Done
	// Delivery: a question is for an answerer of this node. ID, Topic, Payload, Until.
	Delivery
)

// Reason is why there is no answer. The numbers are those of tamtam.v1.QueryFailureReason.
type Reason uint8

// The reasons.
const (
	NoAnswerer  Reason = iota + 1 // no program of the member answers the topic
	Failed                        // the answerer reports a failure
	Ended                         // the answerer ended before it answered
	Busy                          // the answerer or the member has too many questions
	Timeout                       // the answerer has the question, and did not answer in time
	NoWay                         // the member did not confirm the question in time
	Dead                          // the member is dead, left, removed or restarted
	Unsupported                   // the member knows no queries
)

// Event is something that happened.
type Event struct {
	Kind      Kind
	Query     uint64         // the token, of the events of a query
	Member    netip.AddrPort // who answers; of Delivery, who asks
	Answerer  int            // of the member
	Answerers int
	Payload   []byte
	Reason    Reason
	Message   string
	Sum       Sum

	To    uint64 // of Delivery, the answerer
	ID    uint64
	Topic string
	Until time.Time // when the asker stops waiting
}

// Sum is how a query ended.
type Sum struct {
	Asked    int // members that were meant
	Answered int // those of them that answered completely
	Answers  int
}
