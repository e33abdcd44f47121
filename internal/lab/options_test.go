// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-run", "leave,join", "-serf", "s", "-n", "5"}, io.Discard, io.Discard)
	if err != nil || len(o.scenarios) != 2 || o.scenarios[0].name != "join" || strings.Join(o.systems(), " ") != "tamtam serf" {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err = parse(nil, io.Discard, io.Discard); err != nil || len(o.scenarios) != len(scenarios) {
		t.Errorf("without flags: %+v, %v", o, err)
	}
	for _, args := range []string{"-n 1", "-n 501", "-run join,jion", "-tamtamd=", "-repeat 0", "-limit 0s", "-hogs 0", "-asks 0", "-nice -21", "-nice 20", "-stop-for 0s", "-want join", "stray"} {
		if _, err := parse(strings.Fields(args), io.Discard, io.Discard); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}

func TestList(t *testing.T) {
	var out strings.Builder
	if o, err := parse([]string{"-list"}, &out, io.Discard); err != nil || !o.list {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		if !strings.Contains(out.String(), s.name+" ") || !strings.Contains(out.String(), s.about) {
			t.Errorf("%s is not listed:\n%s", s.name, &out)
		}
	}
}
