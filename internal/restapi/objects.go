// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package restapi

import (
	"time"

	"github.com/eelcocramer/tamtam/internal/tags"
)

// The objects in answers. The tag doc of a field is its documentation.

// Member is a member. The names of its fields are those of tamtamctl nodes -o json, as far as both have them.
type Member struct {
	Address  string    `json:"address" doc:"gossip address, IP and port"`
	IP       string    `json:"ip" doc:"its IP"`
	Port     uint16    `json:"port" doc:"its port"`
	Name     string    `json:"name,omitempty" doc:"name of the node"`
	Status   string    `json:"status" doc:"ALIVE, SUSPECTED, DEAD or LEFT"`
	Since    time.Time `json:"since" doc:"when it took the status"`
	Session  string    `json:"session,omitempty" doc:"ID of its incarnation; absent for a plain Smudge node"`
	Version  string    `json:"version,omitempty" doc:"version of its daemon"`
	Tags     tags.Set  `json:"tags" doc:"its tags"`
	Services []Service `json:"services" doc:"the services that it offers"`
	Via      string    `json:"via,omitempty" doc:"the member that relays what is sent to it"`
	Local    bool      `json:"local,omitempty" doc:"true: the node that answers"`
}

// Service is a service of a member.
type Service struct {
	Name     string `json:"name" doc:"name of the service"`
	Port     uint16 `json:"port" doc:"its port"`
	Protocol string `json:"protocol" doc:"tcp or udp"`
	Weight   uint16 `json:"weight" doc:"its share among the members that offer it"`
}

// Members is the answer of /v1/members.
type Members struct {
	Revision uint64   `json:"revision,string" doc:"of the list, to watch from"`
	Members  []Member `json:"members" doc:"those that match, by address"`
}

// Services is the answer of /v1/services.
type Services struct {
	Services []Offered `json:"services" doc:"by name"`
}

// Offered is a service that live members offer.
type Offered struct {
	Name      string `json:"name" doc:"name of the service"`
	Providers int    `json:"providers" doc:"how many live members offer it"`
}

// Providers is the answer of /v1/services/{name}.
type Providers struct {
	Service   string     `json:"service" doc:"name of the service"`
	Providers []Provider `json:"providers" doc:"the live members that match and offer it, by address"`
}

// Provider is a member that offers a service.
type Provider struct {
	Member
	Service Service `json:"service" doc:"the service that was asked for"`
}

// TargetGroup is one element of what Prometheus reads by http_sd_configs.
type TargetGroup struct {
	Targets []string          `json:"targets" doc:"IP and port"`
	Labels  map[string]string `json:"labels" doc:"name, address, status and tags of the member"`
}

// Change is a line of /v1/watch.
type Change struct {
	Event    string    `json:"event" doc:"present: a member at the beginning; synced: all members, or all changes since the revision, were sent; change: a change of a member"`
	Revision uint64    `json:"revision,string,omitempty" doc:"where a watch goes on, with after"`
	Member   *Member   `json:"member,omitempty" doc:"after the change; absent from synced"`
	Previous string    `json:"previous,omitempty" doc:"its status before; absent if it is new"`
	Removed  bool      `json:"removed,omitempty" doc:"true: it is no longer listed"`
	Gone     bool      `json:"gone,omitempty" doc:"true: it no longer matches the query"`
	Reason   string    `json:"reason,omitempty" doc:"why it changed, such as NO_ANSWER"`
	Time     time.Time `json:"time,omitzero" doc:"when it changed, by the node's clock"`
	Resumed  bool      `json:"resumed,omitempty" doc:"of synced, true: the changes since after were sent, and no members"`
}

// Message is a line of /v1/messages.
type Message struct {
	Event    string    `json:"event" doc:"message"`
	Origin   string    `json:"origin" doc:"gossip address of the sender"`
	Session  string    `json:"session,omitempty" doc:"ID of the sender's incarnation; absent if a plain Smudge node sent it, or if it is retained"`
	Sequence uint64    `json:"sequence" doc:"number of the message in the session, from 1; 0 if it is retained"`
	Topic    string    `json:"topic,omitempty" doc:"the topic"`
	Sent     time.Time `json:"sent,omitzero" doc:"when it was sent, by the clock of the sender; absent for a plain Smudge node"`
	Received time.Time `json:"received,omitzero" doc:"when it reached the node, by its own clock"`
	Retained bool      `json:"retained" doc:"whether it is the value of a retained topic; an empty one if the topic was deleted"`
	Payload  []byte    `json:"payload" doc:"the message, in base64"`
	Text     *string   `json:"text,omitempty" doc:"the message as text; absent if it is not valid UTF-8"`
	Cursor   string    `json:"cursor,omitempty" doc:"where the stream goes on after this, with after"`
}

// Gap is a line of /v1/messages: messages that could not be recovered.
type Gap struct {
	Event   string `json:"event" doc:"gap"`
	Origin  string `json:"origin" doc:"gossip address of the sender"`
	Session string `json:"session,omitempty" doc:"ID of the sender's incarnation"`
	From    uint64 `json:"from" doc:"number of the first message that is missing"`
	To      uint64 `json:"to" doc:"number of the last one"`
	Cursor  string `json:"cursor,omitempty" doc:"where the stream goes on after this, with after"`
}

// Cursor is a line of /v1/messages that has nothing else.
type Cursor struct {
	Event  string `json:"event" doc:"cursor"`
	Cursor string `json:"cursor,omitempty" doc:"where the stream goes on after this, with after; absent if it would be too long for a request"`
}

// End is the last line of a stream that the daemon ends.
type End struct {
	Event  string `json:"event" doc:"end"`
	Why    string `json:"why" doc:"why the stream ends, for people: begin it again"`
	Code   string `json:"code,omitempty" doc:"the code as in Error; absent from /v1/watch"`
	Reason string `json:"reason,omitempty" doc:"the reason as in Error; absent from /v1/watch"`
}

// Error is the answer to a request that failed.
type Error struct {
	Error  string `json:"error" doc:"what is wrong, for people"`
	Code   string `json:"code" doc:"the code of gRPC, such as INVALID_ARGUMENT"`
	Reason string `json:"reason" doc:"the reason, such as BAD_TOPIC, as the API has it; or OTHER_SITE, OTHER_MACHINE, NOT_SERVED, WRONG_METHOD, WRONG_TYPE"`
}
