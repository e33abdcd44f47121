// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// memberJSON is a member in JSON.
type memberJSON struct {
	Address string    `json:"address"`
	Name    string    `json:"name"`
	Status  string    `json:"status"`
	Since   time.Time `json:"since"`
	Local   bool      `json:"local"`
	// RoundTrip is in milliseconds, null when there is none.
	RoundTrip *float64 `json:"round_trip_ms"`
	Version   string   `json:"version"`
	// Session is text: many a reader of JSON would round so large a number.
	Session  string `json:"session"`
	Plain    bool   `json:"plain"`
	Flapping bool   `json:"flapping"`

	// Loss is the share of what was sent to it lately that was sent again, 0 to 1;
	// absent when it is not known.
	Loss *float64 `json:"loss,omitempty"`

	Tags map[string]string `json:"tags"`
}

func toJSON(m *tamtamv1.Member) memberJSON {
	return memberJSON{
		Address:   m.GetAddress(),
		Name:      m.GetName(),
		Status:    statusName(m.GetStatus()),
		Since:     m.GetStatusSince().AsTime(),
		Local:     m.GetLocal(),
		RoundTrip: millis(m.GetRoundTrip()),
		Version:   m.GetVersion(),
		Session:   strconv.FormatUint(m.GetSession(), 10),
		Plain:     m.GetPlain(),
		Flapping:  m.GetFlapping(),
		Loss:      m.Loss,
		Tags:      orNone(m.GetTags()),
	}
}

// millis is a duration in milliseconds, to the microsecond; nil when it is absent.
func millis(d *durationpb.Duration) *float64 {
	if d == nil {
		return nil
	}
	ms := float64(d.AsDuration().Microseconds()) / 1000
	return &ms
}

func statusName(s tamtamv1.MemberStatus) string {
	return strings.TrimPrefix(s.String(), "MEMBER_STATUS_")
}

const memberHeader = "ADDRESS\tNAME\tSTATUS\tSINCE\tROUND TRIP\t\n"

// memberRow writes a member under memberHeader. Its name is whatever the member says.
func memberRow(w io.Writer, m *tamtamv1.Member, tagged bool) {
	trip := "-"
	if m.GetRoundTrip() != nil {
		trip = shortTrip(m.GetRoundTrip().AsDuration())
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.GetAddress(), orDash(escape(m.GetName())), statusName(m.GetStatus()),
		m.GetStatusSince().AsTime().Local().Format(time.DateTime), trip, notes(m, tagged))
}

// notes are what is out of the ordinary about a member.
func notes(m *tamtamv1.Member, tagged bool) string {
	var all []string
	for _, n := range []struct {
		text string
		ok   bool
	}{{"this node", m.GetLocal()}, {"plain", m.GetPlain()}, {"flapping", m.GetFlapping()}} {
		if n.ok {
			all = append(all, n.text)
		}
	}
	if tagged {
		all = append(all, escape(tags.Set(m.GetTags()).String()))
	}
	return strings.Join(all, ", ")
}

// shortTrip rounds a round trip to what is of interest: two digits under 10 ms, whole
// milliseconds over it, and hundredths of a second over that.
func shortTrip(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	ms := float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
	return strconv.FormatFloat(ms, 'g', 2, 64) + "ms"
}
