// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestMembers(t *testing.T) {
	epoch := time.Unix(0, 0)
	const since = "1m05s"
	moment := epoch.Local().Format(time.DateTime)
	hostile := &tamtamv1.Member{Address: "b:1", Name: "x\x1b", Status: dead, Local: true, Flapping: true,
		RoundTrip: durationpb.New(1500 * time.Microsecond), Tags: map[string]string{"k": "v\n"}}
	for _, c := range []struct {
		name   string
		table  Members
		member *tamtamv1.Member
		want   string
	}{
		{"no name", Members{}, &tamtamv1.Member{Address: "a:1", Status: alive, Plain: true}, "-\tALIVE\t" + since + "\t-\ta:1\tplain\n"},
		{"by a relay", Members{}, &tamtamv1.Member{Address: "a:1", Status: alive, Via: "b:1"}, "-\tALIVE\t" + since + "\t-\ta:1\tvia b:1\n"},
		{"hostile", Members{}, hostile, "\"x\\x1b\"\tDEAD\t" + since + "\t1.5ms\tb:1\tthis node, flapping\n"},
		{"with tags", Members{Tagged: true}, hostile, "\"x\\x1b\"\tDEAD\t" + since + "\t1.5ms\tb:1\tthis node, flapping, k=v\\n\n"},
		{"wide", Members{Wide: true}, hostile, "\"x\\x1b\"\tDEAD\t" + moment + "\t1.5ms\tb:1\t-\t-\tthis node, flapping\tk=v\\n\n"},
		{"in colours", Members{Colours: true}, &tamtamv1.Member{Name: "s", Address: "a:1", Status: suspected}, "s\t\x1b[33mSUSPECTED\x1b[0m\t" + since + "\t-\ta:1\t\n"},
	} {
		var b bytes.Buffer
		c.table.Now = epoch.Add(65 * time.Second)
		c.member.StatusSince = timestamppb.New(epoch)
		c.table.row(&b, c.member)
		if b.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, b.String(), c.want)
		}
	}
	if have, want := Count([]*tamtamv1.Member{{Status: dead}, {Status: alive}, {Status: alive}}), "3 members: 2 alive, 1 dead"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
}

// TestMembersFit: long names are cut where the table would leave the terminal, and only there.
func TestMembersFit(t *testing.T) {
	long := &tamtamv1.Member{Address: "192.0.2.1:9999", Name: strings.Repeat("日本", 30), Status: alive, Local: true}
	short := &tamtamv1.Member{Address: "192.0.2.2:9999", Name: "db-1", Status: alive}
	for _, c := range []struct {
		table Members
		cut   bool
	}{{Members{}, false}, {Members{Width: 80}, true}, {Members{Width: 300}, false}, {Members{Width: 80, Wide: true}, false}} {
		var b strings.Builder
		c.table.Write(&b, []*tamtamv1.Member{long, short})
		text := Align(b.String(), 0)
		if cut := !strings.Contains(text, long.GetName()); cut != c.cut || !strings.Contains(text, "db-1 ") || cut && (!strings.Contains(text, "日~") && !strings.Contains(text, "本~") || columns(text) > 80) {
			t.Errorf("%+v: %d columns\n%s", c.table, columns(text), text)
		}
	}
	var b strings.Builder
	Members{Width: 10}.Write(&b, []*tamtamv1.Member{long})
	if want := strings.Repeat("日本", 3) + "日~"; !strings.Contains(b.String(), want+"\t") {
		t.Errorf("%q, want a name of %q", b.String(), want)
	}
}

func TestLabel(t *testing.T) {
	for want, m := range map[string]*tamtamv1.Member{
		"a:1":           {Address: "a:1"},
		`a:1 ("x\x1b")`: {Address: "a:1", Name: "x\x1b"},
	} {
		if have := Label(m); have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
}

// TestEveryNameIsKnown: the API's names lose their prefix, and none is left over.
func TestEveryNameIsKnown(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{Status(suspected), "SUSPECTED"},
		{PreviousStatus(0), ""},
		{PreviousStatus(dead), "DEAD"},
		{Reason(0), ""},
		{Reason(tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER), "NO_ANSWER"},
		{LogLevel(tamtamv1.LogLevel_LOG_LEVEL_WARN), "warn"},
	} {
		if c.have != c.want {
			t.Errorf("%q, want %q", c.have, c.want)
		}
	}
}
