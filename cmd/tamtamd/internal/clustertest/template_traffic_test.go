// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// balancer is a program whose configuration is a recipe of examples/templates.
type balancer struct {
	name   string
	args   []string // to start it in the foreground; FILE is its configuration
	check  string
	reload syscall.Signal
	// retry are texts of the recipe by which the program sends a request on to another server, or notices itself
	// that one is down, and what is in their place in a configuration in which it does not.
	retry []string
}

var balancers = []balancer{
	{"haproxy", []string{"-W", "-f", "FILE"}, "haproxy -c -f %", syscall.SIGUSR2, []string{"retries 2", "retries 0", "option redispatch 1", "no option redispatch"}},
	{"nginx", []string{"-e", "stderr", "-g", "daemon off;", "-c", "FILE"}, "nginx -e stderr -t -c %", syscall.SIGHUP,
		[]string{"proxy_next_upstream error timeout", "proxy_next_upstream off", "server {{ .HostPort }};", "server {{ .HostPort }} max_fails=0;"}},
}

// website is a web server beside a member that offers it.
type website struct {
	*Daemon
	server *http.Server
	hits   atomic.Int64
}

func startWebsite(t *testing.T, name string, join *Daemon) *website {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &website{}
	w.server = &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		w.hits.Add(1)
		time.Sleep(5 * time.Millisecond) // what a request takes
		_, _ = io.WriteString(out, "ok")
	})}
	go func() { _ = w.server.Serve(l) }()
	t.Cleanup(func() { _ = w.server.Close() })
	w.Daemon = StartDaemon(t, bin, nil, "--name", name, "--tag", fmt.Sprintf("service/web=%d", l.Addr().(*net.TCPAddr).Port), "--join", join.Gossip.String())
	return w
}

// clients is how many send requests at the same time, half of them over connections that stay open.
const clients = 8

// traffic counts requests.
type traffic struct {
	good, lost atomic.Int64
	mu         sync.Mutex
	why        map[string]int // of the lost ones
}

// startTraffic sends requests until the test ends: each client one after the other, with a pause.
func startTraffic(t *testing.T, url string) *traffic {
	tr := &traffic{why: map[string]int{}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			transport := &http.Transport{DisableKeepAlives: i%2 == 0}
			defer transport.CloseIdleConnections()
			c := &http.Client{Transport: transport, Timeout: Timeout}
			for pause := time.NewTicker(40 * time.Millisecond); ctx.Err() == nil; {
				tr.one(c, url)
				select {
				case <-pause.C:
				case <-ctx.Done():
				}
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	return tr
}

func (tr *traffic) one(c *http.Client, url string) {
	r, err := c.Get(url)
	if err == nil {
		_, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err == nil && r.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d", r.StatusCode)
		}
	}
	if err == nil {
		tr.good.Add(1)
		return
	}
	tr.lost.Add(1)
	tr.mu.Lock()
	tr.why[err.Error()]++
	tr.mu.Unlock()
}

func (tr *traffic) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return fmt.Sprintf("%d requests were answered, and %d lost: %v", tr.good.Load(), tr.lost.Load(), tr.why)
}

// scene is a balancer with three web servers under traffic.
type scene struct {
	t        *testing.T
	lb       *Daemon
	web      []*website
	file     string
	template []string // arguments and environment of tamtam-template
	env      []string
	*traffic
}

func newScene(t *testing.T, b balancer, retry bool) *scene {
	path, err := exec.LookPath(b.name)
	if err != nil {
		t.Skipf("not tried: %v", err)
	}
	dir := t.TempDir()
	s := &scene{t: t, lb: StartDaemon(t, bin, nil, "--name", "lb"), file: filepath.Join(dir, b.name+".cfg")}
	for i := range 3 {
		s.web = append(s.web, startWebsite(t, fmt.Sprintf("web-%d", i+1), s.lb))
	}
	Eventually(t, "the balancer's node sees all", func() bool { return s.lb.Sees(s.lb, s.web[0].Daemon, s.web[1].Daemon, s.web[2].Daemon) })

	recipe := content(examples(t, "templates", b.name+".tmpl"))
	for i := 0; i < len(b.retry) && !retry; i += 2 {
		if !strings.Contains(recipe, b.retry[i]) {
			t.Fatalf("the recipe has no %q", b.retry[i])
		}
		recipe = strings.ReplaceAll(recipe, b.retry[i], b.retry[i+1])
	}
	source := filepath.Join(dir, b.name+".tmpl")
	if err := os.WriteFile(source, []byte(recipe), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s.env = []string{"WEB_BIND=" + address, "WEB_PID=" + filepath.Join(dir, "pid")}
	s.template = []string{source + ":" + s.file, "--check", b.check}
	if r := s.lb.template(s.env, append(s.template, "--once", "--mode", "0644")...); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	var args []string
	for _, a := range b.args {
		args = append(args, strings.ReplaceAll(a, "FILE", s.file))
	}
	p, _ := start(t, filepath.Dir(path), b.name, args, nil, true)
	t.Cleanup(func() { p.End(syscall.SIGTERM) }) // with its workers
	s.template = append(s.template, "--reload", fmt.Sprintf("kill -%d %d", b.reload, p.Cmd.Process.Pid))
	Eventually(t, b.name+" serves", func() bool {
		r, err := http.Get("http://" + address)
		if err == nil {
			_ = r.Body.Close()
		}
		return err == nil && r.StatusCode == http.StatusOK
	})
	s.traffic = startTraffic(t, "http://"+address)
	for _, w := range s.web {
		s.served(w)
	}
	return s
}

// follow starts tamtam-template.
func (s *scene) follow() { s.lb.startTemplate(s.env, s.template...) }

// more waits until so many more requests are answered.
func (s *scene) more(n int64) {
	s.t.Helper()
	before := s.good.Load()
	Eventually(s.t, "requests are answered", func() bool { return s.good.Load() >= before+n })
}

// served waits until a web server gets requests.
func (s *scene) served(w *website) {
	s.t.Helper()
	before := w.hits.Load()
	Eventually(s.t, "a server gets requests", func() bool { return w.hits.Load() > before })
}

// left waits until a web server is not in the configuration, and gets no more requests.
func (s *scene) left(port string, w *website) {
	s.t.Helper()
	Eventually(s.t, "the server is not in the configuration", func() bool { return !strings.Contains(content(s.file), port) })
	Eventually(s.t, "the server gets no more requests", func() bool {
		before := w.hits.Load()
		s.more(100)
		return w.hits.Load() == before
	})
}

// port returns what the configuration has of a web server: " 127.0.0.1:PORT".
func (s *scene) port(w *website) string {
	r := w.Ctl("tags")
	_, port, ok := strings.Cut(strings.TrimSpace(r.Out), "service/web=")
	if !ok {
		s.t.Fatalf("%+v", r)
	}
	return " 127.0.0.1:" + port
}

// drain withdraws the service of a web server, ends it and its node, and starts another one in its place.
func (s *scene) drain(w *website) {
	s.t.Helper()
	port := s.port(w)
	if r := w.Ctl("tags", "delete", "service/web"); r.Code != 0 {
		s.t.Fatalf("%+v", r)
	}
	s.left(port, w)
	if err := w.server.Shutdown(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	if r := w.Ctl("leave"); r.Code != 0 {
		s.t.Errorf("%+v", r)
	}
	s.more(100)
	s.served(startWebsite(s.t, "web-4", s.lb))
	s.more(100)
}

// kill ends a web server and its node at once, and returns how many requests are lost until it gets no more.
func (s *scene) kill(w *website) (lost int64) {
	s.t.Helper()
	port, before := s.port(w), s.lost.Load()
	w.Kill()
	_ = w.server.Close()
	s.left(port, w)
	return s.lost.Load() - before
}

// TestTemplateTraffic: while a program whose configuration is a recipe has traffic, no request is lost when a member
// withdraws its service and then ends, or comes; when one is killed, at most one of each client, which that server has.
func TestTemplateTraffic(t *testing.T) {
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			s := newScene(t, b, true)
			s.follow()
			s.drain(s.web[0])
			if s.lost.Load() != 0 {
				t.Errorf("a member was drained and one came: %v", s.traffic)
			}
			t.Logf("%s, a member was drained and one came: %v", b.name, s.traffic)

			lost := s.kill(s.web[1])
			if lost > clients {
				t.Errorf("%d requests are lost, want at most %d", lost, clients)
			}
			t.Logf("%s, a member was killed: %d requests lost; in all, %v", b.name, lost, s.traffic)
		})
	}
}

// pollEvery is how often others read the members.
const pollEvery = 5 * time.Second

// TestTemplateFigures prints how many requests are lost to a member that is killed if the balancer neither notices that itself, nor sends
// requests on: with tamtam-template, and with one that reads the members every 5 s, of which the last time was just before.
func TestTemplateFigures(t *testing.T) {
	if os.Getenv("TAMTAM_FIGURES") == "" {
		t.Skip("not measured: set TAMTAM_FIGURES=1 for the figures of docs/templates.md")
	}
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			s := newScene(t, b, false)
			s.follow()
			s.drain(s.web[1])
			t.Logf("%s, a member was drained and one came: %v", b.name, s.traffic)
			began := time.Now()
			lost := s.kill(s.web[0])
			t.Logf("%s, followed: %d requests lost, in %v", b.name, lost, time.Since(began).Round(100*time.Millisecond))
		})
		t.Run(b.name+" polled", func(t *testing.T) {
			s := newScene(t, b, false)
			ended := make(chan struct{})
			began := time.Now()
			go func() {
				defer close(ended)
				for poll := time.NewTicker(pollEvery); t.Context().Err() == nil; {
					select {
					case <-poll.C:
						s.lb.template(s.env, append(s.template, "--once")...)
					case <-t.Context().Done():
					}
				}
			}()
			t.Cleanup(func() { <-ended })
			lost := s.kill(s.web[0])
			t.Logf("%s, polled: %d requests lost, in %v", b.name, lost, time.Since(began).Round(100*time.Millisecond))
		})
	}
}
