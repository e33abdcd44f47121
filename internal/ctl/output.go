// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) json() bool { return a.flags.Output == ctlflags.JSON }

// print writes v as one line of JSON, or what table writes.
func (a *app) print(v any, table func(io.Writer)) error {
	var b strings.Builder
	if a.json() {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		table(w)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(a.Out, b.String()) // at once: a reader sees whole lines
	return err
}

// memberJSON is a member in JSON.
type memberJSON struct {
	Address string    `json:"address"`
	Status  string    `json:"status"`
	Since   time.Time `json:"since"`
	Local   bool      `json:"local"`
	// RoundTrip is in milliseconds, null when there is none.
	RoundTrip *float64 `json:"round_trip_ms"`
}

func toJSON(m *tamtamv1.Member) memberJSON {
	j := memberJSON{
		Address: m.GetAddress(),
		Status:  statusName(m.GetStatus()),
		Since:   m.GetStatusSince().AsTime(),
		Local:   m.GetLocal(),
	}
	if m.GetRoundTrip() != nil {
		ms := float64(m.GetRoundTrip().AsDuration().Microseconds()) / 1000
		j.RoundTrip = &ms
	}
	return j
}

func statusName(s tamtamv1.MemberStatus) string {
	return strings.TrimPrefix(s.String(), "MEMBER_STATUS_")
}

const memberHeader = "ADDRESS\tSTATUS\tSINCE\tROUND TRIP\t\n"

// memberRow writes a member under memberHeader.
func memberRow(w io.Writer, m *tamtamv1.Member) {
	trip, local := "-", ""
	if m.GetRoundTrip() != nil {
		trip = m.GetRoundTrip().AsDuration().String()
	}
	if m.GetLocal() {
		local = "this node"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.GetAddress(), statusName(m.GetStatus()),
		m.GetStatusSince().AsTime().Local().Format(time.DateTime), trip, local)
}

// isTerminal tells whether a person looks at the stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	// The null device is a character device, too.
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// banner greets a person, on stderr.
func (a *app) banner() {
	if a.flags.NoBanner || a.json() || !isTerminal(a.Err) || !isTerminal(a.Out) {
		return
	}
	fmt.Fprintf(a.Err, "(( o ))  TamTam %s\n", buildinfo.Read().Version)
}
