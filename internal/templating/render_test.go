// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam"
)

func member(name, address string, s tamtam.Status, tags ...string) *tamtam.Member {
	m := &tamtam.Member{Name: name, Address: address, Status: s, Tags: map[string]string{}}
	for _, t := range tags {
		k, v, _ := strings.Cut(t, "=")
		m.Tags[k] = v
	}
	return m
}

// example is a cluster with a member of each kind.
func example() []*tamtam.Member {
	self := member("lb", "192.0.2.1:9999", tamtam.Alive)
	self.Local = true
	return []*tamtam.Member{
		member("web", "192.0.2.10:9999", tamtam.Alive, "service/web=8080/tcp/3", "zone=b"),
		member("web", "192.0.2.9:9999", tamtam.Alive, "service/web=8081", "zone=a"),
		self,
		member("db\n1", "[2001:db8::1]:9999", tamtam.Suspected, "service/db=5432", "service/web=8082"),
		member("", "192.0.2.7:9999", tamtam.Dead, "service/web=8083", "service/old=1"),
		member("gone", "192.0.2.8:9999", tamtam.Left, "service/web=8084"),
	}
}

func TestRender(t *testing.T) {
	t.Setenv("TEMPLATE_TEST", "v")
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte(" key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{{ range service "web" }}{{ .HostPort }}*{{ .Weight }} {{ end }}`: "192.0.2.9:8081*1 192.0.2.10:8080*3 ",
		`{{ range service "web" "zone=a" }}{{ .Port }}{{ end }}`:           "8081",
		`{{ range service "web" "zone!=a" }}{{ .Port }}{{ end }}`:          "8080",
		// Only a suspected one offers it.
		`{{ range service "db" }}{{ .Service }} {{ .Protocol }} {{ .HostPort }} {{ ident .Name }}{{ end }}`: `db tcp [2001:db8::1]:5432 db_n1`,
		`{{ len (service "old") }} {{ len (service "none") }}`:                                              "0 0",
		`{{ range members }}{{ .Name }}/{{ .IP }} {{ end }}`:                                                "lb/192.0.2.1 web/192.0.2.9 web/192.0.2.10 ",
		`{{ range allMembers }}{{ .Status }} {{ end }}`:                                                     "DEAD SUSPECTED LEFT ALIVE ALIVE ALIVE ",
		`{{ range allMembers }}{{ .Name }},{{ end }}`:                                                       `,db\n1,gone,lb,web,web,`,
		`{{ range members "zone=*" }}{{ .Tag "zone" }}{{ .Tags.zone }}{{ end }}`:                            "aabb",
		`{{ range members }}{{ .Tag "zone" "-" }}{{ end }}`:                                                 "-ab",
		`{{ join "," services }}`:                                                                           "db,web", // each for which there is an instance
		`{{ self.Name }}`:                                                                                   "lb",
		`{{ env "TEMPLATE_TEST" }} {{ env "TEMPLATE_NONE" "x" }}`:                                           "v x",
		`{{ file "` + filepath.ToSlash(file) + `" | trim }}`:                                                "key",
		`{{ range split "," "a,b" | atLeast 2 }}{{ upper . }}{{ end }}`:                                     "AB",
		`{{ replace "." "-" "a.b" | lower }} {{ ident "" }}`:                                                "a-b _",
		`{{ hostPort "::1" 80 }}`:                                                                           "[::1]:80",
		`{{ toJSON (index (service "web") 0) }}`:                                                            `{"name":"web","address":"192.0.2.9:9999","ip":"192.0.2.9","status":"ALIVE","local":false,"tags":{"service/web":"8081","zone":"a"},"services":[{"name":"web","port":8081,"protocol":"tcp","weight":1}],"service":"web","port":8081,"protocol":"tcp","weight":1,"host_port":"192.0.2.9:8081"}`,
	} {
		// The order of members does not depend on that of the daemon's list.
		list := example()
		for range 2 {
			got, err := renderText("t", text, newView(list))
			if err != nil || string(got) != want {
				t.Errorf("%s: %q, %v, want %q", text, got, err, want)
			}
			slices.Reverse(list)
		}
	}
}

// TestRenderErrors: each names what is wrong, and nothing is rendered.
func TestRenderErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{{ range members }}{{ .Tags.zone }}{{ end }}`:  `no entry for key "zone"`,
		`{{ range members }}{{ .Tag "zone" }}{{ end }}`: `member lb (192.0.2.1:9999) has no tag "zone"`,
		`{{ range members }}{{ .Nope }}{{ end }}`:       "Nope",
		`{{ nope }}`:             `function "nope" not defined`,
		"\n{{ if }}":             "t:2",
		`{{ service "Web" }}`:    `name "Web"`,
		`{{ members "zone" }}`:   `condition "zone"`,
		`{{ members "zone=[" }}`: `condition "zone=["`,
		`{{ members "=x" }}`:     `condition "=x"`,
		`{{ range service "web" | atLeast 3 }}{{ end }}`: "there are 2, want at least 3",
		`{{ "x" | atLeast 3 }}`:                          "want a list",
		`{{ fail "not now" }}`:                           "not now",
		`{{ env "TEMPLATE_NONE" }}`:                      "TEMPLATE_NONE is not set",
		`{{ file "/nonexistent/file" }}`:                 "/nonexistent/file",
		`{{ range 5000000 }}x{{ end }}`:                  "4194304 bytes",
	} {
		if got, err := renderText("t", text, newView(example())); err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("%s: %d bytes, %v, want %s", text, len(got), err, want)
		}
	}
	if _, err := renderText("t", "{{ self.Name }}", newView(nil)); err == nil {
		t.Error("a daemon that does not list itself is no error")
	}
	// Exactly the bound is allowed.
	if got, err := renderText("t", `{{ range 4194304 }}x{{ end }}`, newView(nil)); err != nil || len(got) != MaxOutput {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	file := filepath.Join(t.TempDir(), "t")
	for size, ok := range map[int]bool{maxSource: true, maxSource + 1: false} {
		if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := render(file, newView(nil)); (err == nil) != ok {
			t.Errorf("a template of %d bytes: %v", size, err)
		}
	}
}
