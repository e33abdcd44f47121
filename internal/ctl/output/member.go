// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import "time"

// Member is a member of the cluster.
type Member struct {
	Address    string            `json:"address" doc:"gossip address, IP and port"`
	Name       string            `json:"name,omitempty" doc:"its name" absent:"it has none, as a plain Smudge node"`
	Status     string            `json:"status" doc:"ALIVE, SUSPECTED, DEAD or LEFT"`
	Since      time.Time         `json:"since,omitzero" doc:"when its status became this one, by the clock of the node that was asked" absent:"not known"`
	Reason     string            `json:"reason,omitempty" doc:"why it has its status, a ChangeReason of the API without its prefix, such as NO_ANSWER" absent:"it is alive, or the reason is not known"`
	ReportedBy string            `json:"reported_by,omitempty" doc:"gossip address of the node that found it suspected or dead, or of the member that left" absent:"as reason"`
	Local      bool              `json:"local" doc:"whether it is the node that was asked"`
	RoundTrip  *float64          `json:"round_trip_ms,omitempty" doc:"smoothed round trip" absent:"not measured: before the first answer, while the member is not alive, and for the node itself"`
	Near       *float64          `json:"near_round_trip_ms,omitempty" doc:"round trip between the member of --near and this one, as that member measures it" absent:"without --near, for that member itself, and if it is not measured"`
	Version    string            `json:"version,omitempty" doc:"version of its TamTam" absent:"not known, as of a plain Smudge node"`
	Session    string            `json:"session,omitempty" doc:"ID of its incarnation, which changes at each restart" absent:"a plain Smudge node"`
	Plain      bool              `json:"plain" doc:"whether it is a plain Smudge node"`
	Flapping   bool              `json:"flapping" doc:"whether it came or went several times in the last minute"`
	Via        string            `json:"via,omitempty" doc:"address of the member that relays to it" absent:"it is reached directly, or not at all"`
	Loss       *float64          `json:"loss,omitempty" doc:"share of the transmissions to it that were lost in the last one to two minutes" unit:"0 to 1" absent:"not known: fewer than 50 frames, a member that is dead or has left, a plain Smudge node, and the node itself; in changes"`
	LossFrames uint64            `json:"loss_frames,omitempty" doc:"number of frames that loss is of, also if they are too few for it" absent:"there are none"`
	Tags       map[string]string `json:"tags" doc:"its tags"`
}

// History is the history of a member.
type History struct {
	Member  Member `json:"member" doc:"the member as it is; if it was removed, as it was last known"`
	Removed bool   `json:"removed" doc:"whether it is no longer listed"`
	Earlier uint64 `json:"earlier" doc:"number of changes before the first of changes, which are no longer kept"`
	Changes []Step `json:"changes" doc:"the last 32 changes, the oldest first"`
}

// Step is a change in the history of a member.
type Step struct {
	Time       time.Time `json:"time,omitzero" doc:"when it changed, by the clock of the node that was asked" absent:"not known"`
	Previous   string    `json:"previous_status,omitempty" doc:"status before the change" absent:"it was not listed"`
	Status     string    `json:"status" doc:"status after the change; if it was removed, the last one"`
	Removed    bool      `json:"removed" doc:"whether it was removed from the list"`
	ReportedBy string    `json:"reported_by,omitempty" doc:"gossip address of the node that reported the change" absent:"not known"`
	Reason     string    `json:"reason,omitempty" doc:"a ChangeReason of the API without its prefix, such as NO_ANSWER" absent:"not known"`
	Caller     string    `json:"caller,omitempty" doc:"who asked the node for the removal" absent:"this node was not asked, or it is not known"`
	Named      string    `json:"previous_name,omitempty" doc:"name before the change" absent:"the name stayed, or it had none"`
	Sentence   string    `json:"sentence,omitempty" doc:"the reason for people; its words may change" absent:"there is nothing to say"`
}

// Histories are the histories of all members that MEMBER stands for.
type Histories struct {
	Histories []History `json:"histories" doc:"one for each, most often one"`
}
