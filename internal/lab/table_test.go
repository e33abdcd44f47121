// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		f    figure
		want string
	}{
		{figure{}, "-"},
		{figure{Text: "LEFT 4"}, "LEFT 4"},
		{figure{Samples: []float64{0.6412}}, "0.641"},
		{figure{Samples: []float64{3, 1, 2}}, "2 (3)"},
		{figure{Samples: []float64{4.111, 1, 2.345, 3}}, "2.35 (4.11)"},
		{figure{Beyond: 2, Limit: 60}, "> 60"},
		{figure{Samples: []float64{1, 2, 3}, Beyond: 1, Limit: 60}, "2 (> 60, 1 of 4)"},
		{figure{Samples: []float64{1}, Beyond: 2, Limit: 60}, "> 60 (> 60, 2 of 3)"},
	} {
		if got := c.f.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0123: "0.012", 1: "1", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1639: "1639"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

func sample() figures {
	var fs figures
	fs.get("join", "all see all", "tamtam", "s").Samples = []float64{2.5, 3, 2}
	fs.get("rest", "memory of a node", "tamtam", "MiB").Samples = []float64{17.5}
	fs.get("join", "all see all", "serf", "s").Samples = []float64{0.64}
	fs.get("join", "crashed", "serf", "").Samples = []float64{1}
	fs.get("rest", "memory of a node", "serf", "MiB").Text = "a|b"
	return fs
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, sample(), []string{"tamtam", "serf"}); err != nil {
		t.Fatal(err)
	}
	const want = `| scenario | figure           | unit | tamtam   | serf  |
|----------|------------------|------|----------|-------|
| join     | all see all      | s    | 2.50 (3) | 0.640 |
| join     | crashed          |      | -        | 1     |
| rest     | memory of a node | MiB  | 17.5     | a\|b  |
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, "30 nodes", sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		About   string
		Figures []struct {
			Scenario, Figure, System, Unit string
			Samples                        []float64
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.About != "30 nodes" || len(got.Figures) != 5 || got.Figures[0].Figure != "all see all" || len(got.Figures[0].Samples) != 3 {
		t.Errorf("got %+v", got)
	}
}
