// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
)

// RetainedMessage returns the value of a retained topic as readers of messages get it: outside of the
// numbering of its origin.
func RetainedMessage(v retained.Value) broadcast.Message {
	return broadcast.Message{
		Stream: broadcast.Stream{Origin: v.Origin}, Topic: v.Topic, Payload: v.Payload, Sent: time.Unix(0, v.Time), Received: time.Now(), Retained: true, Revision: v.Revision,
	}
}
