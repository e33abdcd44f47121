// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/eelcocramer/tamtam"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestBecauseOfAnUpdate: which tags changed, and how, if the watch knew the member before.
func TestBecauseOfAnUpdate(t *testing.T) {
	before := &tamtamv1.Member{Address: "a:1", Name: "web-4", Version: "v1", Tags: map[string]string{"load": "0.6", "role": "web", "zone": "a"}}
	after := func(name, version, via string, tags map[string]string) *tamtamv1.Member {
		return &tamtamv1.Member{Address: "a:1", Name: name, Version: version, Via: via, Tags: tags}
	}
	const unknown = ": its name, version or tags changed, or the way to it"
	for _, c := range []struct {
		before, after *tamtamv1.Member
		want          string
	}{
		{before, after("web-4", "v1", "", map[string]string{"load": "0.7", "role": "web", "new": "x\x1b"}), `: load=0.7 (was 0.6), new=x\x1b (new), zone deleted (was a)`},
		{before, after("db-4", "v2", "b:1", before.GetTags()), ": name db-4 (was web-4), version v2 (was v1), reached via b:1 (was directly)"},
		{after("", "", "b:1", nil), after("", "", "", nil), ": reached directly (was via b:1)"},
		{before, before, unknown},
		{nil, before, unknown},
	} {
		change := &tamtamv1.MemberChange{Member: c.after, Reason: tamtamv1.ChangeReason_CHANGE_REASON_UPDATED}
		if have := Because(tamtam.Event{Kind: tamtam.Change, Member: c.after, Before: c.before, Change: change}); have != c.want {
			t.Errorf("%q, want %q", have, c.want)
		}
	}
}
