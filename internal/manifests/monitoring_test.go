// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// TestAlerts: the rules have the fields of Prometheus' rules, and the guide lists each.
// That their metrics exist is tested beside a real daemon, in clustertest.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "contrib", "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var rules monitoringv1.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(text, &rules); err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join(top, "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rules.Groups[0].Rules {
		names = append(names, r.Alert)
		parsePromQL(t, r.Expr.String())
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !strings.HasPrefix(r.Annotations["runbook_url"], "https://") ||
			!slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: %v, %v", r.Alert, r.Labels, r.Annotations)
		}
	}
	var have []string
	for line := range strings.Lines(string(guide)) {
		if name, is := strings.CutPrefix(line, "| `TamTam"); is {
			name, _, _ = strings.Cut(name, "`")
			have = append(have, "TamTam"+name)
		}
	}
	if !slices.Equal(have, names) || !slices.Contains(names, "TamTamMemberDead") {
		t.Errorf("docs/monitoring.md lists %v, the alerts are %v", have, names)
	}
}

// parsePromQL checks an expression by Prometheus' own parser; of a dashboard, with a value for Grafana's
// variable of time.
func parsePromQL(t *testing.T, expr string) {
	t.Helper()
	if _, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(expr, "$__rate_interval", "5m")); err != nil {
		t.Errorf("%s: %v", expr, err)
	}
}

type panel struct {
	ID          int
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			Thresholds struct{ Steps []struct{ Color string } }
			Mappings   []any
		}
	}
	Targets []struct{ Expr string }
}

// TestDashboard: it has a variable of the cluster that limits the nodes, each figure that should be 0 has
// thresholds, and panels have places of their own.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "contrib", "grafana", "tamtam.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Templating struct {
			List []struct{ Name, Definition, AllValue string }
		}
		Panels []panel
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	// Without a value of its own, "All" is the nodes of the cluster.
	if v := d.Templating.List; len(v) != 3 || v[1].Name != "cluster" || v[2].Name != "instance" ||
		!strings.Contains(v[2].Definition, `cluster="$cluster"`) || v[2].AllValue != "" {
		t.Errorf("variables %+v", v)
	}
	timelines, ids, cells := 0, map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%q has an ID that is there twice", p.Title)
		}
		ids[p.ID] = true
		steps := len(p.FieldConfig.Defaults.Thresholds.Steps)
		if p.Type == "stat" && p.GridPos.H == 4 && steps < 2 {
			t.Errorf("%q has no thresholds", p.Title)
		}
		if p.Type == "state-timeline" {
			timelines++
			if steps < 2 && len(p.FieldConfig.Defaults.Mappings) == 0 {
				t.Errorf("%q has no colours", p.Title)
			}
		}
		for _, target := range p.Targets {
			parsePromQL(t, target.Expr)
			if !strings.Contains(target.Expr, `instance=~"$instance"`) {
				t.Errorf("%q shows all clusters: %s", p.Title, target.Expr)
			}
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := cells[cell]; other != "" {
					t.Fatalf("%q covers %q", p.Title, other)
				}
				cells[cell] = p.Title
			}
		}
	}
	if timelines != 2 {
		t.Errorf("%d timelines", timelines)
	}
}
