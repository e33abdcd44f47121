// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package services

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/tags"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Service{
		"web:8080":                          {"web", 8080, TCP, 1},
		"web:8080/tcp":                      {"web", 8080, TCP, 1},
		"dns-2:53/udp":                      {"dns-2", 53, UDP, 1},
		"web:65535/tcp/20":                  {"web", 65535, TCP, 20},
		strings.Repeat("a", MaxName) + ":1": {strings.Repeat("a", MaxName), 1, TCP, 1},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		key, value := got.Tag()
		if again := Of(tags.Set{key: value}); !reflect.DeepEqual(again, []Service{want}) {
			t.Errorf("%s as a tag %s=%s: %+v", text, key, value, again)
		}
		if again, err := Parse(got.String()); err != nil || again != want {
			t.Errorf("%s again: %+v, %v", got, again, err)
		}
		if err := (tags.Set{key: value}).Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestBad(t *testing.T) {
	for text, names := range map[string]string{
		"web":                                 `"web"`,
		":80":                                 `""`,
		"Web:80":                              `"Web"`,
		"2web:80":                             `"2web"`,
		"web-:80":                             `"web-"`,
		"w.eb:80":                             `"w.eb"`,
		strings.Repeat("a", MaxName+1) + ":1": "48",
		"web:0":                               `"0"`,
		"web:65536":                           `"65536"`,
		"web:http":                            `"http"`,
		"web:80/sctp":                         `"sctp"`,
		"web:80/tcp/0":                        `"0"`,
		"web:80/tcp/-1":                       `"-1"`,
		"web:80/tcp/1/2":                      `"2"`,
	} {
		if s, err := Parse(text); !errors.Is(err, ErrBad) || !strings.Contains(err.Error(), names) {
			t.Errorf("%s: %+v, %v, want %s in it", text, s, err, names)
		}
	}
}

// TestOf: what is not a service is left out, and the rest is sorted.
func TestOf(t *testing.T) {
	got := Of(tags.Set{"role": "web", "service/web": "80", "service/db": "5432", "service/": "1", "service/x": "y", "service/a/b": "1"})
	if len(got) != 2 || got[0].Name != "db" || got[1].Name != "web" {
		t.Errorf("%+v", got)
	}
}
