// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import "time"

// Event is an event of a watch.
type Event struct {
	Event      string    `json:"event" doc:"present: a member at the start; synced: all are listed; change; removed: the member is no longer listed; and in watch only disconnected, resumed, or snapshot if the differences follow"`
	Revision   string    `json:"revision,omitempty" doc:"ID of the list of members: of the change, or, if disconnected, the last one seen" absent:"disconnected, and none was seen"`
	Time       time.Time `json:"time,omitzero" doc:"when the member changed, by the clock of the node that was asked" absent:"not known: an inferred change; and events other than change and removed"`
	Previous   string    `json:"previous_status,omitempty" doc:"status before the change" absent:"a new member; and events other than change and removed"`
	Reason     string    `json:"reason,omitempty" doc:"a ChangeReason of the API without its prefix, such as NO_ANSWER" absent:"not known: an inferred change; and events other than change and removed"`
	ReportedBy string    `json:"reported_by,omitempty" doc:"gossip address of the node that reported the change" absent:"as reason"`
	Inferred   *bool     `json:"inferred,omitempty" doc:"whether the change was found by comparing lists after a reconnect" absent:"events other than change and removed"`
	Member     *Member   `json:"member,omitempty" doc:"the member after the change; if it was removed, as it was last known" absent:"events other than present, change and removed"`
	Error      string    `json:"error,omitempty" doc:"why the connection ended, for people" absent:"events other than disconnected"`
	Resumed    *bool     `json:"resumed,omitempty" doc:"whether the stream went on after the last change that was seen" absent:"in watch; and events other than synced"`
}

// Message is a broadcast message that reached the node.
type Message struct {
	Event    string    `json:"event" doc:"message"`
	Origin   string    `json:"origin" doc:"gossip address of the sender"`
	Session  string    `json:"session,omitempty" doc:"ID of the sender's incarnation" absent:"a plain Smudge node sent it, or it is retained"`
	Sequence uint64    `json:"sequence" doc:"number of the message in the session, from 1; a plain Smudge node counts in its own way; 0 if it is retained"`
	Topic    string    `json:"topic,omitempty" doc:"the topic" absent:"it has none"`
	Sent     time.Time `json:"sent,omitzero" doc:"when it was sent, by the clock of the sender" absent:"not known, as of a plain Smudge node"`
	Received time.Time `json:"received,omitzero" doc:"when it reached the node, by its own clock" absent:"not known"`
	Retained bool      `json:"retained" doc:"whether it is the value of a retained topic; an empty one if the topic was deleted"`
	Payload  []byte    `json:"payload" doc:"the message"`
	Text     *string   `json:"text,omitempty" doc:"the message as text" absent:"it is not valid UTF-8"`
}

// Gap is a run of messages that no node holds any more.
type Gap struct {
	Event   string `json:"event" doc:"gap"`
	Origin  string `json:"origin" doc:"gossip address of the sender"`
	Session string `json:"session,omitempty" doc:"ID of the sender's incarnation" absent:"not known"`
	From    uint64 `json:"from" doc:"number of the first message that is missing"`
	To      uint64 `json:"to" doc:"number of the last one"`
}

// Connection is an event of the connection to the daemon.
type Connection struct {
	Event     string `json:"event" doc:"disconnected; or resumed: the messages go on after the last one that came"`
	Error     string `json:"error,omitempty" doc:"why the connection ended, for people" absent:"resumed"`
	Uncertain bool   `json:"uncertain,omitempty" doc:"true: the daemon is of an earlier version, and messages that were sent meanwhile are missing" absent:"nothing is missing but what a gap reports; and disconnected"`
}

// Sample is the node at one moment.
type Sample struct {
	Time    time.Time `json:"time" doc:"when the node was asked, by the client's clock"`
	Address string    `json:"address" doc:"gossip address of the node"`
	Name    string    `json:"name,omitempty" doc:"its name" absent:"it has none"`
	Cluster string    `json:"cluster,omitempty" doc:"name of its cluster" absent:"it has none"`
	Started time.Time `json:"started,omitzero" doc:"when it started" absent:"not known"`
	Members []Member  `json:"members" doc:"all members, by address"`
	Rates   *Rates    `json:"rates,omitempty" doc:"what it sends and receives" absent:"not known: the first sample, and the first after a restart of the daemon"`
}

// Rates are what the node sends and receives, per second.
type Rates struct {
	PacketsReceived  float64 `json:"packets_received" doc:"datagrams received" unit:"per second"`
	BytesReceived    float64 `json:"bytes_received" doc:"bytes received" unit:"per second"`
	PacketsSent      float64 `json:"packets_sent" doc:"datagrams sent" unit:"per second"`
	BytesSent        float64 `json:"bytes_sent" doc:"bytes sent" unit:"per second"`
	Resent           float64 `json:"frames_resent" doc:"frames retransmitted" unit:"per second"`
	Dropped          float64 `json:"packets_dropped" doc:"datagrams dropped, for any reason" unit:"per second"`
	MessagesReceived float64 `json:"messages_received" doc:"messages received" unit:"per second"`
	MessagesSent     float64 `json:"messages_sent" doc:"messages sent" unit:"per second"`
	Repaired         float64 `json:"messages_repaired" doc:"messages received by anti-entropy" unit:"per second"`
	Gaps             float64 `json:"message_gaps" doc:"messages that no node holds any more" unit:"per second"`
}
