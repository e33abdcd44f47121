// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"time"

	"github.com/eelcocramer/tamtam/internal/doctor"
)

// Node is the node that was asked.
type Node struct {
	Address       string    `json:"address" doc:"gossip address, IP and port"`
	Cluster       string    `json:"cluster,omitempty" doc:"name of its cluster" absent:"it has none"`
	DetectionTime *float64  `json:"detection_time_ms,omitempty" doc:"how long the others take to find it dead if it ends without leaving and no packets are lost" absent:"the daemon is older, and does not report it"`
	MaxPayload    uint32    `json:"max_payload_bytes" doc:"the longest message, in bytes"`
	Name          string    `json:"name,omitempty" doc:"its name" absent:"it has none"`
	Profile       string    `json:"profile,omitempty" doc:"lan, wan or local" absent:"the daemon is older, and does not report it"`
	Started       time.Time `json:"started,omitzero" doc:"when it started" absent:"not known"`
}

// Broadcast is what became of a message.
type Broadcast struct {
	SentTo   uint32   `json:"sent_to" doc:"number of live members it goes to, without the node itself"`
	Session  string   `json:"session,omitempty" doc:"ID of the node's incarnation: with the node's address and sequence it identifies the message" absent:"a retained message, or the daemon is older, and does not report it"`
	Sequence uint64   `json:"sequence,omitempty" doc:"number of the message in the session, from 1" absent:"as session"`
	Have     *uint32  `json:"have,omitempty" doc:"number of members that are known to have it" absent:"without --wait"`
	Missing  []string `json:"missing,omitzero" doc:"addresses of the members that have not confirmed it in time, or that this node cannot reach" absent:"without --wait"`
	Took     *float64 `json:"took_ms,omitempty" doc:"how long the call took" absent:"the daemon is older, and does not report it"`
}

// Topic is a retained topic.
type Topic struct {
	Topic   string    `json:"topic" doc:"the topic"`
	Payload []byte    `json:"payload" doc:"its value"`
	Text    *string   `json:"text,omitempty" doc:"its value as text" absent:"it is not valid UTF-8"`
	Set     time.Time `json:"set,omitzero" doc:"when it was set, by the clock of the node where that was done, or later than the value before" absent:"not known"`
	Origin  string    `json:"origin" doc:"gossip address of that node"`
	Created time.Time `json:"created,omitzero" doc:"when the topic was created, likewise" absent:"not known"`
}

// Settings are the settings of the node that can be changed while it runs.
type Settings struct {
	Heartbeat *float64 `json:"heartbeat_ms,omitempty" doc:"probe interval" absent:"not known"`
	Threshold string   `json:"threshold" doc:"log level: trace, debug, info, warn, error or off"`
}

// Join is what became of joining one address.
type Join struct {
	Address string   `json:"address" doc:"the address as it was given"`
	Members []string `json:"members" doc:"addresses of the nodes that answered there"`
	Error   string   `json:"error,omitempty" doc:"why no node was joined there" absent:"one was joined"`
}

// Leave is what became of leaving the cluster.
type Leave struct {
	Acknowledged   uint32 `json:"acknowledged" doc:"number of members that know that the node left"`
	Unacknowledged uint32 `json:"unacknowledged" doc:"number of members that may see it as dead"`
}

// Ping is an answered ping.
type Ping struct {
	Address   string   `json:"address" doc:"the address that answered"`
	RoundTrip *float64 `json:"round_trip_ms,omitempty" doc:"time from the ping to its answer" absent:"not known"`
}

// RoundTrip is the round trip between two members, as one of them measures it.
type RoundTrip struct {
	From      string   `json:"from" doc:"gossip address of the member that measures"`
	FromName  string   `json:"from_name,omitempty" doc:"its name" absent:"it has none"`
	To        string   `json:"to" doc:"gossip address of the other"`
	ToName    string   `json:"to_name,omitempty" doc:"name of the other" absent:"it has none"`
	RoundTrip *float64 `json:"round_trip_ms,omitempty" doc:"smoothed round trip" absent:"not known: see error"`
	Loss      *float64 `json:"loss,omitempty" doc:"share of the transmissions to the other that were lost in the last one to two minutes" unit:"0 to 1" absent:"not known: fewer than 50 frames"`
	Via       string   `json:"via,omitempty" doc:"address of the member that relays to the other" absent:"it is reached directly, or the member that measures is of an earlier version"`
	Error     string   `json:"error,omitempty" doc:"why the round trip is not known, for people" absent:"it is known"`
}

// Ready is whether the node is ready.
type Ready struct {
	Alive  int    `json:"alive" doc:"number of members that are alive"`
	Ready  bool   `json:"ready" doc:"whether it is ready"`
	Reason string `json:"reason,omitempty" doc:"what it lacks, for people" absent:"it is ready"`
}

// Key is a new key.
type Key struct {
	Key string `json:"key" doc:"the key itself, in base64: it is a secret"`
}

// Keys are the keys of all members.
type Keys struct {
	Key     string       `json:"key,omitempty" doc:"ID of the key that was installed, used or removed" absent:"of list"`
	Members []MemberKeys `json:"members" doc:"the members, by address"`
}

// MemberKeys are the keys of a member.
type MemberKeys struct {
	Address string   `json:"address" doc:"gossip address, IP and port"`
	Name    string   `json:"name,omitempty" doc:"its name" absent:"it has none"`
	Status  string   `json:"status" doc:"ALIVE, SUSPECTED, DEAD or LEFT"`
	Keys    []string `json:"keys,omitzero" doc:"IDs of its keys; it encrypts with the first" absent:"not known: see error"`
	Kept    *bool    `json:"kept,omitempty" doc:"whether it has a keyring file, so that changes outlast its daemon" absent:"not known: see error"`
	Error   string   `json:"error,omitempty" doc:"why its keys are not known, or are not as asked for" absent:"they are"`
}

// OperatorKey is a new key of an operator.
type OperatorKey struct {
	Private string `json:"private_key_file" doc:"file with the private half, which stays with the operator"`
	Public  string `json:"public_key_file" doc:"file with the public half, for --operator-key of all nodes"`
}

// Diagnosis is what doctor found.
type Diagnosis struct {
	Findings []Finding `json:"findings" doc:"one or more for each check"`
	Summary  Summary   `json:"summary" doc:"how many findings there are"`
}

// Finding is a result of one check, about one member or about the cluster.
type Finding struct {
	Check   string         `json:"check" doc:"what was checked, as the help of the command lists it"`
	Verdict doctor.Verdict `json:"verdict" doc:"ok, skipped, warning or failure"`
	Member  string         `json:"member,omitempty" doc:"gossip address of the member" absent:"it is about the cluster"`
	Name    string         `json:"name,omitempty" doc:"name of the member" absent:"it is about the cluster, or the member has none"`
	Found   string         `json:"found" doc:"a sentence for people; its words may change"`
	Do      string         `json:"do,omitempty" doc:"the remedy, for people" absent:"nothing is wrong, or nothing was checked"`
}

// Summary counts findings.
type Summary struct {
	OK       int `json:"ok" doc:"number of checks that found nothing wrong"`
	Skipped  int `json:"skipped" doc:"number of findings about what could not be checked"`
	Warnings int `json:"warnings" doc:"number of warnings"`
	Failures int `json:"failures" doc:"number of failures"`
}

// Versions are the versions of the client and the daemon.
type Versions struct {
	Client Version  `json:"client" doc:"tamtamctl itself"`
	Daemon *Version `json:"daemon,omitempty" doc:"the tamtamd that was asked" absent:"none answers"`
}

// Version is the version of a program.
type Version struct {
	Version string `json:"version" doc:"such as v1.2.3, or devel"`
	Commit  string `json:"commit,omitempty" doc:"commit that it was built from" absent:"not known"`
	Go      string `json:"go" doc:"version of Go that it was built with"`
	Smudge  string `json:"smudge,omitempty" doc:"version of the Smudge library in it" absent:"of the client, which has none"`
}

// Wait is the result of waiting for conditions.
type Wait struct {
	Held     bool     `json:"held" doc:"whether all conditions held at once"`
	Unmet    []string `json:"unmet" doc:"the conditions that did not, for people"`
	Alive    int      `json:"alive" doc:"number of members that were alive at the end"`
	Revision string   `json:"revision,omitempty" doc:"ID of the list of members at the end" absent:"no daemon answered"`
	Waited   float64  `json:"waited_ms" doc:"how long it waited"`
}
