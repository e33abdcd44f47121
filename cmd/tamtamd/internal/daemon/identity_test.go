// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"strings"
	"testing"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestHostLabel: the default name is the host's, as long as a script needs not quote it.
func TestHostLabel(t *testing.T) {
	for host, want := range map[string]string{
		"db-1": "db-1", "db1.example.org": "db1.example.org", "DB_1": "DB_1", "": "",
		"my host": "my-host", "-rf": "rf", "../../etc/cron.d/x": "etc-cron.d-x", "$(id)": "id", "a..b": "a.b",
		"z\u00fcrich": "z-rich", "a\u202eb": "a-b", "a\x1b[2J": "a--2J", "...": "",
		strings.Repeat("x", 200): strings.Repeat("x", limits.MaxName),
	} {
		if have := hostLabel(host); have != want {
			t.Errorf("%q became %q, want %q", host, have, want)
		}
	}
}

// TestSayName: only a name of the host that was changed is worth a line.
func TestSayName(t *testing.T) {
	for _, c := range []struct{ asked, host, want string }{
		{"", "db-1", ""}, {"x", "my host", ""}, {"", "my host", `host="my host" name=my-host`}, {"", "...", "host=... name=\n"},
	} {
		var b strings.Builder
		sayName(log.NewLogfmtLogger(&b), c.asked, c.host)
		if (b.Len() > 0) != (c.want != "") || !strings.Contains(b.String(), c.want) {
			t.Errorf("%q, %q: %q, want %q", c.asked, c.host, b.String(), c.want)
		}
	}
}
