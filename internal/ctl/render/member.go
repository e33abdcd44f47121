// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Member is a member in JSON. Scripts rely on the names.
type Member struct {
	Address string    `json:"address"`
	Name    string    `json:"name"`
	Status  string    `json:"status"`
	Since   time.Time `json:"since"`
	Local   bool      `json:"local"`
	// RoundTrip is in milliseconds, null when it was not measured.
	RoundTrip *float64 `json:"round_trip_ms"`
	Version   string   `json:"version"`
	Session   string   `json:"session"` // an ID
	Plain     bool     `json:"plain"`
	Flapping  bool     `json:"flapping"`
	// Via is the address of the member that relays to it, empty if it is reached directly.
	Via string `json:"via"`

	// Loss is the loss rate of the last one to two minutes, 0 to 1: the share of frames
	// that were retransmitted. It is absent when not known.
	Loss *float64 `json:"loss,omitempty"`

	Tags map[string]string `json:"tags"`
}

// ToMember returns a member as JSON has it.
func ToMember(m *tamtamv1.Member) Member {
	return Member{
		Address:   m.GetAddress(),
		Name:      m.GetName(),
		Status:    Status(m.GetStatus()),
		Since:     m.GetStatusSince().AsTime(),
		Local:     m.GetLocal(),
		RoundTrip: Millis(m.GetRoundTrip()),
		Version:   m.GetVersion(),
		Session:   ID(m.GetSession()),
		Plain:     m.GetPlain(),
		Flapping:  m.GetFlapping(),
		Via:       m.GetVia(),
		Loss:      m.Loss,
		Tags:      OrEmpty(m.GetTags()),
	}
}

// MemberHeader is the header of a table of members.
const MemberHeader = "ADDRESS\tNAME\tSTATUS\tSINCE\tROUND TRIP\t\n"

// MemberRow writes a member under MemberHeader, with its tags if tagged is set.
func MemberRow(w io.Writer, m *tamtamv1.Member, tagged bool) {
	trip := "-"
	if m.GetRoundTrip() != nil {
		trip = Trip(m.GetRoundTrip().AsDuration())
	}
	notes := Notes(m)
	if tagged {
		notes = append(notes, Tags(m))
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.GetAddress(), OrDash(Escape(m.GetName())), Status(m.GetStatus()),
		Local(m.GetStatusSince().AsTime()), trip, strings.Join(notes, ", "))
}

// Notes returns what is out of the ordinary about a member, a word or two each.
func Notes(m *tamtamv1.Member) []string {
	var notes []string
	for _, n := range []struct {
		text string
		ok   bool
	}{{"this node", m.GetLocal()}, {"plain", m.GetPlain()}, {"flapping", m.GetFlapping()}, {"via " + m.GetVia(), m.GetVia() != ""}} {
		if n.ok {
			notes = append(notes, n.text)
		}
	}
	return notes
}

// Tags returns the tags of a member as "key=value,key=value".
func Tags(m *tamtamv1.Member) string { return Escape(tags.Set(m.GetTags()).String()) }

// Label returns the address of a member, with its name in parentheses if it has one.
func Label(m *tamtamv1.Member) string {
	if m.GetName() == "" {
		return m.GetAddress()
	}
	return m.GetAddress() + " (" + Escape(m.GetName()) + ")"
}
