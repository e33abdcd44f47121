// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestCommandOutput: what each command prints, in both forms, and how it ends.
func TestCommandOutput(t *testing.T) {
	addr := serve(t, &fake{})
	const since = `"since":"1970-01-01T00:00:00Z"`
	const selfJSON = `{"address":"192.0.2.1:9999","name":"one","status":"ALIVE",` + since +
		`,"local":true,"version":"v9","session":"9223372036854775809","plain":false,"flapping":false,"tags":{"a":"b\u001b","role":"web"}}`
	const otherJSON = `{"address":"192.0.2.2:9999","name":"two\u001b[2J\n","status":"DEAD",` + since +
		`,"local":false,"round_trip_ms":0.412,"plain":true,"flapping":true,"tags":{}}`
	for _, c := range []struct {
		args  string
		code  int
		table string // a regular expression for all of stdout
		json  string
	}{
		{"address", 0, `192\.0\.2\.1:9999\n`, `{"address":"192.0.2.1:9999","cluster":"c","detection_time_ms":2500,"max_payload_bytes":256,"name":"one","profile":"lan"}`},
		{"nodes", 0, `NAME +STATUS +SINCE +RTT +ADDRESS +NOTE\none +ALIVE +\d+d\d\dh +- +192\.0\.2\.1:9999 +this node\n"two\\x1b\[2J\\n" +DEAD .* 0\.41ms +192\.0\.2\.2:9999 +plain, flapping\n`, "[" + selfJSON + "," + otherJSON + "]"},
		{"nodes -o wide", 0, `NAME +STATUS +SINCE +RTT +ADDRESS +VERSION +LOSS +NOTE +TAGS\none +ALIVE +\d{4}-.* this node +a=b\\x1b,role=web\n"two.*" .* plain, flapping\n`, "[" + selfJSON + "," + otherJSON + "]"},
		{"nodes -o name", 0, `one\n"two\\x1b\[2J\\n"\n`, "[" + selfJSON + "," + otherJSON + "]"},
		{"nodes --status dead", 0, `NAME.*\n.* 192\.0\.2\.2:9999 .*\n`, "[" + otherJSON + "]"},
		{"nodes --status Alive,dead --status suspected", 0, `NAME.*\n.*192\.0\.2\.1:.*\n.*192\.0\.2\.2:.*\n`, "[" + selfJSON + "," + otherJSON + "]"},
		{"nodes --name o* --tag role=w*", 0, `NAME.*\n.* 192\.0\.2\.1:9999  this node, a=b\\x1b,role=web\n`, "[" + selfJSON + "]"},
		{"nodes --tag role", 2, ``, ``},
		{"tags", 0, `a=b\\x1b\nrole=web\n`, `{"a":"b\u001b","role":"web"}`},
		{"tags set x=y z=", 0, `deleted=\nx=y\nz=\n`, `{"deleted":"","x":"y","z":""}`},
		{"tags delete x z", 0, `deleted=x\+z\n`, `{"deleted":"x+z"}`},
		{"tags set", 2, ``, ``},
		{"tags set x", 2, ``, ``},
		{"tags delete x=y", 2, ``, ``},
		{"tags st", 2, ``, ``},
		{"nodes --status suspected", 3, ``, "[]"},
		{"nodes --status left", 3, ``, "[]"},
		{"healthy", 0, `NAME.*\n.* 192\.0\.2\.1:9999 .*\n`, "[" + selfJSON + "]"},
		{"join a", 0, `192\.0\.2\.2:9999\n`, `[{"address":"a","members":["192.0.2.2:9999"]}]`},
		{"join a silent", 0, `192\.0\.2\.2:9999\n`, `[{"address":"a","members":["192.0.2.2:9999"]},{"address":"silent","members":[],"error":"no answer from silent"}]`},
		{"leave", 0, `left: 2 of 3 members know\n`, `{"acknowledged":2,"unacknowledged":1}`},
		{"leave a b", 2, ``, ``},
		{"leave 192.0.2.2:9999", 0, `192\.0\.2\.2:9999\n`, otherJSON},
		{"leave nobody", 3, ``, ``},
		{"remove 192.0.2.2:9999", 0, `192\.0\.2\.2:9999\n`, otherJSON},
		{"remove 192.0.2.2", 0, `192\.0\.2\.2:9999\n`, otherJSON},
		{"remove nobody", 3, ``, ``},
		{"remove a b", 2, ``, ``},
		{"nodes one", 0, `NAME.*\n.* 192\.0\.2\.1:9999 .*\n`, "[" + selfJSON + "]"},
		{"nodes 192.0.2.2:9999 one", 0, `NAME.*\n(.*\n){2}`, "[" + selfJSON + "," + otherJSON + "]"},
		{"ping one", 0, `192\.0\.2\.1:9999 +1\.5ms\n`, `{"address":"192.0.2.1:9999","round_trip_ms":1.5}`},
		{"ping a:1", 0, `a:1 +1\.5ms\n`, `{"address":"a:1","round_trip_ms":1.5}`},
		{"configure", 0, `heartbeat +500ms\nthreshold +info\n`, `{"heartbeat_ms":500,"threshold":"info"}`},
		{"configure heartbeat", 0, `500ms\n`, `{"heartbeat_ms":500,"threshold":"info"}`},
		{"configure heartbeat 250", 0, `250ms\n`, `{"heartbeat_ms":250,"threshold":"info"}`},
		{"configure heartbeat 2s", 0, `2s\n`, `{"heartbeat_ms":2000,"threshold":"info"}`},
		{"configure threshold", 0, `info\n`, `{"heartbeat_ms":500,"threshold":"info"}`},
		{"configure threshold WARN", 0, `warn\n`, `{"heartbeat_ms":500,"threshold":"warn"}`},
		{"stats", 0, `OTHER\na +1\nb_count +2\n`, `{"a":1,"b_count":2}`},
	} {
		r := run(t, append([]string{"--rpc", addr}, strings.Fields(c.args)...)...)
		if r.code != c.code || !regexp.MustCompile(`^`+c.table+`$`).MatchString(r.out) {
			t.Errorf("%s: exit code %d, want %d; stdout %q, want %s; stderr %q", c.args, r.code, c.code, r.out, c.table, r.err)
		}
		// The flag after all else: it counts there, too.
		r = run(t, append(strings.Fields(c.args), "--rpc", addr, "-o", "json")...)
		want := c.json
		if want != "" {
			want += "\n"
		}
		if r.code != c.code || r.out != want {
			t.Errorf("%s -o json: exit code %d, want %d; stdout %q, want %q; stderr %q", c.args, r.code, c.code, r.out, want, r.err)
		}
	}
}

// TestNothingFound: stderr says so, in all forms, and names the statuses if they alone chose.
func TestNothingFound(t *testing.T) {
	addr := serve(t, &fake{})
	for args, want := range map[string]string{
		"--status suspected":               "no member is suspected",
		"--status suspected,left":          "no member is suspected or left",
		"--status suspected --name o*":     "no member matches",
		"--name nobody":                    "no member matches",
		"--status suspected one":           "no member matches",
		"--status suspected -o name":       "no member is suspected",
		"--status suspected --output json": "no member is suspected",
	} {
		if r := run(t, append([]string{"nodes", "--rpc", addr}, strings.Fields(args)...)...); r.code != 3 || r.err != "tamtamctl: "+want+"\n" {
			t.Errorf("%s: %+v, want %q", args, r, want)
		}
	}
}

// TestLeaveNobody: the variable of a script that is not set must not end the daemon.
func TestLeaveNobody(t *testing.T) {
	if r := run(t, "--rpc", serve(t, &fake{}), "leave", ""); r.code != 2 || r.out != "" || !strings.Contains(r.err, `""`) {
		t.Errorf("%+v", r)
	}
}

func TestJoinReportsSilentAddresses(t *testing.T) {
	r := run(t, "--rpc", serve(t, &fake{}), "join", "a", "silent")
	if r.err != "tamtamctl: no answer from silent\n" {
		t.Errorf("stderr %q", r.err)
	}
}

// TestJoinAll: one address that does not answer is a failure, and the others are joined.
func TestJoinAll(t *testing.T) {
	addr := serve(t, &fake{})
	r := run(t, "--rpc", addr, "join", "--all", "a", "silent")
	if r.code != 6 || r.out != other+"\n" || !strings.HasSuffix(r.err, "tamtamctl: 1 of 2 addresses not joined\n") {
		t.Errorf("%+v", r)
	}
	if r := run(t, "--rpc", addr, "join", "--all", "a", "b"); r.code != 0 || r.err != "" {
		t.Errorf("%+v", r)
	}
}

func TestNoCountersIsAnEmptyObject(t *testing.T) {
	if r := run(t, "--rpc", serve(t, &fake{empty: true}), "stats", "-o", "json"); r.out != "{}\n" || r.code != 0 {
		t.Errorf("%+v", r)
	}
}

// TestVersion: the client's own is printed whatever the daemon says, or if it says
// nothing.
func TestVersion(t *testing.T) {
	for _, c := range []struct {
		name, addr string
		code       int
		daemon     bool
		err        string
	}{
		{"daemon", serve(t, &fake{}), 0, true, ""},
		{"old daemon", serve(t, &fake{old: true}), 1, false, "no such call"},
		{"no daemon", "127.0.0.1:1", 0, false, "127.0.0.1:1"},
	} {
		r := run(t, "--rpc", c.addr, "version")
		if r.code != c.code || !strings.Contains(r.out, "tamtamctl") || strings.Contains(r.out, "v9") != c.daemon ||
			!strings.Contains(r.err, c.err) || strings.Contains(r.err, "rpc error") || c.err == "" && r.err != "" {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}
