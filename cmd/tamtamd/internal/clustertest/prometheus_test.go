// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// alertRules is the file of alerts that is shipped.
const alertRules = "contrib/prometheus/alerts.yml"

// promServer is a running Prometheus.
type promServer struct {
	t    *testing.T
	base string // of its API
}

// startPrometheus starts a Prometheus on loopback with a configuration and a directory of its own.
func startPrometheus(t *testing.T, config string) promServer {
	t.Helper()
	path := tool(t, "prometheus")
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		if out, err := exec.Command(promtool, "check", "config", file).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, config)
		}
	}
	// It cannot choose a port by itself, so one that was free a moment ago has to do.
	address := net.JoinHostPort("127.0.0.1", fmt.Sprint(freePorts(t, 1)))
	p, _ := start(t, filepath.Dir(path), filepath.Base(path), []string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address,
	}, nil, true)
	Eventually(t, "Prometheus is ready", func() bool {
		select {
		case <-p.done:
			t.Fatalf("it has ended:\n%s", p.out.String())
		default:
		}
		r, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return promServer{t, "http://" + address + "/api/v1/"}
}

// get asks its API for the data at a path.
func (p promServer) get(path string, data any) {
	p.t.Helper()
	r, err := http.Get(p.base + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	answer := struct{ Data any }{data}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

// target is one that it scrapes.
type target struct {
	DiscoveredLabels, Labels map[string]string
	ScrapeURL, ScrapePool    string
}

// targets returns the targets of a job, by the label instance.
func (p promServer) targets(job string) map[string]target {
	p.t.Helper()
	var data struct{ ActiveTargets []target }
	p.get("targets?state=active", &data)
	found := map[string]target{}
	for _, one := range data.ActiveTargets {
		if one.ScrapePool == job {
			found[one.Labels["instance"]] = one
		}
	}
	return found
}

// count returns how many series a query has.
func (p promServer) count(query string) int {
	p.t.Helper()
	var data struct{ Result []any }
	p.get("query?query="+url.QueryEscape(query), &data)
	return len(data.Result)
}

// TestPrometheus: a real Prometheus, with the configuration of docs/discovery.md, finds members as targets, and
// loses those that end. It scrapes tamtamd itself, and loads the alerts.
func TestPrometheus(t *testing.T) {
	tool(t, "prometheus")
	read := func(file string) string {
		b, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var d []*Daemon
	for i, tags := range []string{"role=web,zone=a,service/web=8080", "role=web,zone=a,service/web=8081", "role=db,zone=a", "zone=b,service/web=8083"} {
		args := []string{"--http", "127.0.0.1:0", "--name", "node-" + string(rune('1'+i)), "--tag", tags}
		if i > 0 {
			args = append(args, "--join", d[0].Gossip.String())
		}
		d = append(d, StartDaemon(t, bin, nil, args...))
		_, port, _ := net.SplitHostPort(d[i].HTTP())
		if r := d[i].Ctl("tags", "set", "service/tamtamd="+port); r.Code != 0 {
			t.Fatalf("%+v", r)
		}
	}
	for _, m := range d {
		Eventually(t, m.Gossip.String()+" sees everybody", func() bool { return m.Sees(d...) })
	}

	_, config, _ := strings.Cut(read("docs/discovery.md"), "```yaml\n")
	config, _, _ = strings.Cut(config, "```")
	if n := strings.Count(config, "localhost:6263"); n != 2 {
		t.Fatalf("docs/discovery.md has %d jobs:\n%s", n, config)
	}
	config += `  - job_name: tamtamd
    http_sd_configs:
      - url: http://localhost:6263/v1/sd?service=tamtamd
`
	config = regexp.MustCompile(` +refresh_interval.*\n`).ReplaceAllString(config, "")
	config = regexp.MustCompile(`(?m)^( +)- (url: .*)$`).ReplaceAllString(config, "$1- $2\n$1  refresh_interval: 1s")
	config = strings.ReplaceAll(config, "localhost:6263", d[0].HTTP())
	rules := filepath.Join(t.TempDir(), "alerts.yml")
	if err := os.WriteFile(rules, []byte(read(alertRules)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startPrometheus(t, "global:\n  scrape_interval: 1s\nrule_files:\n  - "+rules+"\n"+config)

	Eventually(t, "all members are targets", func() bool { return len(p.targets("node")) == 4 })
	one, ok := p.targets("node")["node-3"]
	if !ok || one.ScrapeURL != "http://127.0.0.1:9100/metrics" {
		t.Errorf("got %+v", one)
	}
	for name, want := range map[string]string{
		"name": "node-3", "address": d[2].Gossip.String(), "tag_role": "db", "tag_zone": "a",
	} {
		if have := one.DiscoveredLabels["__meta_tamtam_"+name]; have != want {
			t.Errorf("__meta_tamtam_%s is %q, want %q", name, have, want)
		}
	}
	if s := one.DiscoveredLabels["__meta_tamtam_status"]; !present(s) { // a busy machine may make it suspected
		t.Errorf("__meta_tamtam_status is %q", s)
	}
	ports := func() (found []string) {
		for instance, one := range p.targets("web") {
			if one.DiscoveredLabels["__meta_tamtam_service"] != "web" {
				t.Errorf("got %+v", one)
			}
			found = append(found, instance)
		}
		slices.Sort(found)
		return found
	}
	Eventually(t, "those that offer the service, in the zone, are targets at its port", func() bool {
		return slices.Equal(ports(), []string{"127.0.0.1:8080", "127.0.0.1:8081"})
	})
	Eventually(t, "it scrapes every tamtamd", func() bool {
		return p.count(`up{job="tamtamd"} == 1`) == 4 && p.count(`sum by (instance) (tamtam_members{status="alive"}) == 4`) == 4
	})
	var loaded struct {
		Groups []struct {
			Rules []struct{ Name, Health string }
		}
	}
	Eventually(t, "the alerts are evaluated", func() bool {
		p.get("rules", &loaded)
		n := 0
		for _, g := range loaded.Groups {
			for _, r := range g.Rules {
				if r.Health == "err" {
					t.Fatalf("%+v", r)
				}
				n++
			}
		}
		return n > 0 && n == strings.Count(read(alertRules), "- alert:")
	})

	d[1].Kill()
	Eventually(t, "a member that was killed is no target", func() bool {
		_, still := p.targets("node")["node-2"]
		return !still && slices.Equal(ports(), []string{"127.0.0.1:8080"})
	})
	if have := p.targets("node"); len(have) != 3 {
		t.Errorf("the others are targets: %+v", have)
	}
}

// TestAlertRules: promtool accepts the alerts.
func TestAlertRules(t *testing.T) {
	promtool := tool(t, "promtool")
	out, err := exec.Command(promtool, "check", "rules", root+alertRules).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "SUCCESS") {
		t.Errorf("%v: %s", err, out)
	}
}
