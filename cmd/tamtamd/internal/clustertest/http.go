// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// HTTP returns where a daemon that was started with --http serves it.
func (d *Daemon) HTTP() string {
	d.t.Helper()
	for line := range strings.Lines(d.out.String()) {
		var l struct{ HTTP string }
		if json.Unmarshal([]byte(line), &l) == nil && l.HTTP != "" {
			return l.HTTP
		}
	}
	d.t.Fatalf("it serves no HTTP:\n%s", d.out.String())
	return ""
}

// Get asks the daemon for a path.
func (d *Daemon) Get(path string) (code int, body string) {
	d.t.Helper()
	client := http.Client{Timeout: Timeout}
	resp, err := client.Get("http://" + d.HTTP() + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// Metric is one of a scrape.
type Metric struct {
	Help, Type string
	Series     []map[string]string // the labels of each
}

var (
	sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)
	label  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// Scrape returns the daemon's metrics, by name. The samples of a histogram are each by
// its own name, and the name of the whole has no series.
func (d *Daemon) Scrape() map[string]*Metric {
	d.t.Helper()
	_, body := d.Get("/metrics")
	all := map[string]*Metric{}
	of := func(name string) *Metric {
		if all[name] == nil {
			all[name] = &Metric{}
		}
		return all[name]
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, text, _ := strings.Cut(rest, " ")
			of(name).Help = text
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			of(name).Type = kind
			continue
		}
		found := sample.FindStringSubmatch(line)
		if found == nil {
			d.t.Fatalf("no metric: %q", line)
		}
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(found[2], -1) {
			labels[l[1]] = l[2]
		}
		of(found[1]).Series = append(of(found[1]).Series, labels)
	}
	return all
}
