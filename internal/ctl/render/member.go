// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// ToMember returns a member as JSON has it.
func ToMember(m *tamtamv1.Member) output.Member {
	return output.Member{
		Address:    m.GetAddress(),
		Name:       m.GetName(),
		Status:     Status(m.GetStatus()),
		Since:      output.Time(m.GetStatusSince()),
		Reason:     Reason(m.GetReason()),
		ReportedBy: m.GetReportedBy(),
		Local:      m.GetLocal(),
		RoundTrip:  output.Millis(m.GetRoundTrip()),
		Version:    m.GetVersion(),
		Session:    output.ID(m.GetSession()),
		Plain:      m.GetPlain(),
		Flapping:   m.GetFlapping(),
		Via:        m.GetVia(),
		Loss:       m.Loss,
		LossFrames: m.GetLossFrames(),
		Tags:       output.Map(m.GetTags()),
	}
}

// Members is how a table of members looks.
type Members struct {
	Now     time.Time
	Wide    bool // more columns
	Tagged  bool // the notes have the tags
	Colours bool // the status has a colour if it means trouble
	// Near has the round trips from another member than the node that was asked, by address; they
	// are a column unless it is nil.
	Near map[string]time.Duration

	// Width is the columns of the terminal; 0 if there is none. Names are cut to fit, but not
	// in a wide table.
	Width int
	name  int // the columns of a name; 0 for all
}

// leastName is the least number of columns that a name is cut to.
const leastName = 16

// Write writes the table; nothing if there are no members.
func (t Members) Write(w io.Writer, members []*tamtamv1.Member) {
	if len(members) == 0 {
		return
	}
	var b strings.Builder
	t.write(&b, members)
	if over := columns(Align(b.String(), 0)) - t.Width; t.Width > 0 && over > 0 && !t.Wide {
		longest := 0
		for _, m := range members {
			longest = max(longest, cells.Columns(Name(m)))
		}
		t.name = max(longest-over, leastName)
		b.Reset()
		t.write(&b, members)
	}
	_, _ = io.WriteString(w, b.String())
}

// columns returns the length of the longest line.
func columns(text string) (n int) {
	for line := range strings.Lines(text) {
		n = max(n, cells.Painted(strings.TrimSuffix(line, "\n")))
	}
	return n
}

func (t Members) write(w io.Writer, members []*tamtamv1.Member) {
	near := ""
	if t.Near != nil {
		near = "NEAR\t"
	}
	if t.Wide {
		fmt.Fprintf(w, "NAME\tSTATUS\tSINCE\tRTT\t%sADDRESS\tVERSION\tLOSS\tNOTE\tTAGS\n", near)
	} else {
		fmt.Fprintf(w, "NAME\tSTATUS\tSINCE\tRTT\t%sADDRESS\tNOTE\n", near)
	}
	for _, m := range members {
		t.row(w, m)
	}
}

func (t Members) row(w io.Writer, m *tamtamv1.Member) {
	trip := "-"
	if m.GetRoundTrip() != nil {
		trip = Trip(m.GetRoundTrip().AsDuration())
	}
	if t.Near != nil {
		near := "-"
		if d, known := t.Near[m.GetAddress()]; known {
			near = Trip(d)
		}
		trip += "\t" + near
	}
	since := m.GetStatusSince().AsTime()
	age, notes := Age(t.Now.Sub(since)), Notes(m)
	if t.Wide {
		age = Local(since)
	} else if t.Tagged {
		notes = append(notes, Tags(m))
	}
	note := strings.Join(notes, ", ")
	name := Name(m)
	if t.name > 0 {
		name = cells.Cut(name, t.name)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t", OrDash(name), t.status(m), age, trip, m.GetAddress())
	if t.Wide {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", OrDash(Escape(m.GetVersion())), loss(m), OrDash(note), Tags(m))
		return
	}
	fmt.Fprintln(w, note)
}

func loss(m *tamtamv1.Member) string {
	if m.Loss == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", m.GetLoss()*100)
}

// status returns the status of a member, in a colour if it means trouble.
func (t Members) status(m *tamtamv1.Member) string {
	s := Status(m.GetStatus())
	switch {
	case !t.Colours:
	case m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD:
		return "\x1b[31m" + s + "\x1b[0m"
	case m.GetStatus() == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED:
		return "\x1b[33m" + s + "\x1b[0m"
	}
	return s
}

// Count says how many members there are, and of which status: "3 members: 2 alive, 1 dead".
func Count(members []*tamtamv1.Member) string {
	count := map[tamtamv1.MemberStatus]int{}
	for _, m := range members {
		count[m.GetStatus()]++
	}
	var parts []string
	for _, s := range SortedKeys(count) {
		parts = append(parts, fmt.Sprintf("%d %s", count[s], strings.ToLower(Status(s))))
	}
	return Plural(len(members), "member") + ": " + strings.Join(parts, ", ")
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
	return m.GetAddress() + " (" + Name(m) + ")"
}
