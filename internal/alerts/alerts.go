// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerts has the alerts for Prometheus. A fault that doctor finds, too, has doctor's cause
// and remedy, and its section of the troubleshooting guide. Its test writes the file of rules and
// the table in docs/monitoring.md ("make docs").
package alerts

import (
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/doctor/sentence"
)

// Docs is the address of the documentation.
const Docs = "https://github.com/eelcocramer/tamtam/blob/HEAD/docs/"

// Rule is an alert.
type Rule struct {
	Name     string
	Expr     string // PromQL
	For      string // how long it must hold; empty for at once
	Severity string // critical, warning or info
	// Subject is whom the finding is about.
	Subject string
	sentence.Sentence
	// Which says how to find the member, if the expression does not tell; may be empty.
	Which string
	// Guide is the file and the heading that explain it, such as troubleshooting.md#reachable.
	Guide string
}

// Parts of the texts: templates of Prometheus.
const (
	node    = "{{ $labels.instance }}"
	cluster = "{{ $labels.job }}"
	count   = "{{ $value }}"
	share   = "{{ $value | humanizePercentage }}"
	stream  = "{{ $labels.stream }}"
)

// troubleshooting returns the section of a check of doctor.
func troubleshooting(check string) string { return "troubleshooting.md#" + check }

// Summary says what was found, and where.
func (r Rule) Summary() string { return r.Subject + ": " + r.Found }

// Description says what to do.
func (r Rule) Description() string { return r.Which + r.Do }

// File returns the file of rules.
func File(rules []Rule) string {
	var b strings.Builder
	b.WriteString(`# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Alerts for tamtamd, written from internal/alerts by make docs: change that. Causes and remedies are
# those of tamtamctl doctor. Prometheus must scrape each daemon's --http under a job with a name
# that begins with "tamtam", one for a cluster.
groups:
  - name: tamtam
    rules:
`)
	for _, r := range rules {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n", r.Name, r.Expr)
		if r.For != "" {
			fmt.Fprintf(&b, "        for: %s\n", r.For)
		}
		fmt.Fprintf(&b, "        labels: {severity: %s}\n        annotations:\n          summary: %q\n          description: %q\n          runbook_url: %q\n",
			r.Severity, r.Summary(), r.Description(), Docs+r.Guide)
	}
	return b.String()
}

// plain turns templates into the words of a guide.
var plain = strings.NewReplacer(node, "a node", cluster, "the cluster", share, "N %", count, "N", stream, "a stream")

// Table returns the table of the guide.
func Table(rules []Rule) string {
	var b strings.Builder
	b.WriteString("| alert | severity | what was found | what to do |\n| --- | --- | --- | --- |\n")
	for _, r := range rules {
		_, heading, _ := strings.Cut(r.Guide, "#")
		link := strings.TrimPrefix(r.Guide, "monitoring.md")
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s: [%s](%s) |\n", r.Name, r.Severity, plain.Replace(r.Summary()), plain.Replace(r.Description()), heading, link)
	}
	return b.String()
}
