// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestMemberRow(t *testing.T) {
	since := time.Unix(0, 0).Local().Format(time.DateTime)
	hostile := &tamtamv1.Member{Address: "b:1", Name: "x\x1b", Status: dead, Local: true, Flapping: true,
		RoundTrip: durationpb.New(1500 * time.Microsecond), Tags: map[string]string{"k": "v\n"}}
	for _, c := range []struct {
		name   string
		member *tamtamv1.Member
		tagged bool
		want   string
	}{
		{"no name", &tamtamv1.Member{Address: "a:1", Status: alive, Plain: true}, false, "a:1\t-\tALIVE\t" + since + "\t-\tplain\n"},
		{"by a relay", &tamtamv1.Member{Address: "a:1", Status: alive, Via: "b:1"}, false, "a:1\t-\tALIVE\t" + since + "\t-\tvia b:1\n"},
		{"hostile", hostile, false, "b:1\tx\\x1b\tDEAD\t" + since + "\t1.5ms\tthis node, flapping\n"},
		{"with tags", hostile, true, "b:1\tx\\x1b\tDEAD\t" + since + "\t1.5ms\tthis node, flapping, k=v\\n\n"},
	} {
		var b bytes.Buffer
		MemberRow(&b, c.member, c.tagged)
		if b.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, b.String(), c.want)
		}
	}
}

func TestLabel(t *testing.T) {
	for want, m := range map[string]*tamtamv1.Member{
		"a:1":          {Address: "a:1"},
		"a:1 (x\\x1b)": {Address: "a:1", Name: "x\x1b"},
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
