// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
	dead  = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
)

// TestPrint: the columns of watch and monitor, and the events that only JSON has.
func TestPrint(t *testing.T) {
	at := time.Unix(60, 0)
	now := at.Local().Format(time.DateTime)
	m := &tamtamv1.Member{Address: "b:1", Name: "two\x1b", Status: dead, StatusSince: timestamppb.New(at)}
	died := &tamtamv1.MemberChange{Member: m, PreviousStatus: alive, ReportedBy: "a:1", Reason: tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER, Time: timestamppb.New(at)}
	own := &tamtamv1.MemberChange{Member: m, PreviousStatus: alive, ReportedBy: "b:1", Time: timestamppb.New(at)}
	for _, c := range []struct {
		name        string
		event       tamtam.Event
		full, brief string
		lines       bool // JSON of watch has a line
		briefLines  bool // and that of monitor
	}{
		{"present", tamtam.Event{Kind: tamtam.Present, Member: m}, now + "  DEAD       b:1 (\"two\\x1b\")\n", now + "  DEAD       b:1\n", true, true},
		{"change", tamtam.Event{Kind: tamtam.Change, Member: m, Change: died, Local: "c:1"},
			now + "  DEAD       b:1 (\"two\\x1b\")  was ALIVE: no answer in time, reported by a:1\n", now + "  DEAD       b:1  was ALIVE  by a:1\n", true, true},
		{"its own report", tamtam.Event{Kind: tamtam.Change, Member: m, Change: own},
			now + "  DEAD       b:1 (\"two\\x1b\")  was ALIVE\n", now + "  DEAD       b:1  was ALIVE\n", true, true},
		{"disconnected", tamtam.Event{Kind: tamtam.Disconnected, Err: errors.New("gone")}, "", "", true, false},
		{"resumed", tamtam.Event{Kind: tamtam.Resumed}, "", "", true, false},
		{"snapshot", tamtam.Event{Kind: tamtam.Snapshot}, "", "", true, false},
	} {
		for _, brief := range []bool{false, true} {
			want, lines := c.full, c.lines
			if brief {
				want, lines = c.brief, c.briefLines
			}
			var text, js bytes.Buffer
			for out, json := range map[*bytes.Buffer]bool{&text: false, &js: true} {
				cfg := Config{Brief: brief, Printer: render.Printer{Out: out, JSON: json}}
				if err := cfg.print(c.event); err != nil {
					t.Fatal(err)
				}
			}
			if text.String() != want || (bytes.Count(js.Bytes(), []byte("\n")) == 1) != lines {
				t.Errorf("%s, brief %v: %q, want %q; JSON %q", c.name, brief, text.String(), want, js.String())
			}
		}
	}
}

func TestConnection(t *testing.T) {
	gone := errors.New("gone")
	for _, c := range []struct {
		event tamtam.Event
		want  string
	}{
		{tamtam.Event{Kind: tamtam.Disconnected, Err: gone}, "gone; retrying"},
		{tamtam.Event{Kind: tamtam.Disconnected, Err: gone, Revision: 7}, "disconnected: gone; retrying"},
		{tamtam.Event{Kind: tamtam.Disconnected, Err: gone, Revision: 7, Slow: true}, "fell behind, continuing after the last change seen"},
		{tamtam.Event{Kind: tamtam.Resumed}, "reconnected, nothing was missed"},
		{tamtam.Event{Kind: tamtam.Present}, ""},
		{tamtam.Event{Kind: tamtam.Synced}, ""},
		{tamtam.Event{Kind: tamtam.Change}, ""},
	} {
		if have := connection(c.event); have != c.want {
			t.Errorf("%+v: %q, want %q", c.event, have, c.want)
		}
	}
}

// TestVariables: all variables are set, to nothing if not known, and none can hold NUL.
func TestVariables(t *testing.T) {
	at := time.Unix(0, 0).UTC()
	for _, c := range []struct {
		name string
		line output.Event
		want []string
	}{
		{"a change", output.Event{Event: "change", Revision: "18446744073709551615", Time: at, Previous: "ALIVE", Reason: "NO_ANSWER", ReportedBy: "a:1",
			Member: &output.Member{Address: "b:1", Name: "x\x00y", Status: "DEAD"}},
			[]string{"TAMTAM_EVENT=change", "TAMTAM_MEMBER_ADDRESS=b:1", "TAMTAM_MEMBER_NAME=x\ufffdy", "TAMTAM_MEMBER_STATUS=DEAD", "TAMTAM_PREVIOUS_STATUS=ALIVE",
				"TAMTAM_REASON=NO_ANSWER", "TAMTAM_REPORTED_BY=a:1", "TAMTAM_TIME=1970-01-01T00:00:00Z", "TAMTAM_REVISION=18446744073709551615"}},
		{"present", output.Event{Event: "present", Revision: "7", Member: &output.Member{Address: "b:1", Status: "ALIVE"}},
			[]string{"TAMTAM_EVENT=present", "TAMTAM_MEMBER_ADDRESS=b:1", "TAMTAM_MEMBER_NAME=", "TAMTAM_MEMBER_STATUS=ALIVE", "TAMTAM_PREVIOUS_STATUS=",
				"TAMTAM_REASON=", "TAMTAM_REPORTED_BY=", "TAMTAM_TIME=", "TAMTAM_REVISION=7"}},
	} {
		if have := variables(c.line); !slices.Equal(have, c.want) {
			t.Errorf("%s: %q, want %q", c.name, have, c.want)
		}
	}
}
