// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// template runs tamtam-template on the daemon until it ends.
func (d *Daemon) template(env []string, args ...string) Result {
	d.t.Helper()
	cmd := exec.Command(program(bin, "tamtam-template"), args...)
	cmd.Env = environ(d.t.TempDir(), append([]string{"TAMTAM_RPC=" + d.RPC}, env...))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	return Result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// startTemplate starts tamtam-template on the daemon.
func (d *Daemon) startTemplate(env []string, args ...string) *Process {
	d.t.Helper()
	p, _ := start(d.t, bin, "tamtam-template", args, append([]string{"TAMTAM_RPC=" + d.RPC}, env...), true)
	return p
}

func content(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// TestTemplate follows members over restarts of the daemon, keeps the last good file, and ends on a signal.
func TestTemplate(t *testing.T) {
	dir := t.TempDir()
	source, file, reloads := filepath.Join(dir, "t"), filepath.Join(dir, "f"), filepath.Join(dir, "reloads")
	write := func(text string) {
		if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{{ range service "web" }}{{ .Name }}:{{ .Port }} {{ end }}`)
	a := StartDaemon(t, bin, nil, "--name", "a", "--tag", "service/web=1")
	b := StartDaemon(t, bin, nil, "--name", "b", "--tag", "service/web=2", "--join", a.Gossip.String())
	p := a.startTemplate(nil, source+":"+file, "--check", "! grep -q bad %", "--reload", "echo r >>"+reloads)
	Eventually(t, "both are in the file", func() bool { return content(file) == "a:1 b:2 " })
	if r := b.Ctl("tags", "set", "service/web=3"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	Eventually(t, "a change is in the file", func() bool { return content(file) == "a:1 b:3 " })

	// A daemon that was restarted has forgotten the others: they stay.
	a.Kill()
	Eventually(t, "it says that the daemon is away", func() bool { return strings.Contains(p.out.String(), "until the daemon is back") })
	a.Restart("--rpc", a.RPC, "--name", "a", "--tag", "service/web=1", "--join", b.Gossip.String())
	Eventually(t, "it says that the daemon is back", func() bool { return strings.Contains(p.out.String(), "the daemon is back") })
	if r := b.Ctl("tags", "set", "service/web=4"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	Meanwhile(t, "both are in the file", func() bool { return strings.Contains(content(file), "a:1 b:") },
		func() bool { return content(file) == "a:1 b:4 " })

	write("bad")
	if err := p.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the check refuses", func() bool { return strings.Contains(p.out.String(), "the command of --check ended with exit code 1") })
	// By now it has reloaded once for each file that it wrote before.
	if content(file) != "a:1 b:4 " || strings.Count(content(reloads), "r\n") != strings.Count(p.out.String(), " is written") {
		t.Errorf("%q, %q, %s", content(file), content(reloads), p.out.String())
	}
	write(`{{ range service "web" }}{{ .Name }} {{ end }}`)
	Eventually(t, "it tries again", func() bool { return content(file) == "a b " })
	if code, _ := p.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}

	// A daemon that has not joined its seeds lists only itself.
	lone := StartDaemon(t, bin, nil, "--name", "lone", "--join", "127.0.0.1:1")
	r := lone.template(nil, source+":"+file, "--once")
	if r.Code != 1 || !strings.Contains(r.Err, "not ready") || content(file) != "a b " {
		t.Errorf("%+v, %q", r, content(file))
	}
	if r = lone.template(nil, source, "--dry"); r.Code != 0 || !strings.Contains(r.Err, "not ready, and may not list all") || r.Out != "" {
		t.Errorf("%+v", r)
	}
	// Nor is that list used when the daemon is gone, and so cannot say any more that it had not joined.
	p = lone.startTemplate(nil, source+":"+file)
	Eventually(t, "it tries again in a second", func() bool { return strings.Contains(p.out.String(), "again in 1s") })
	lone.Kill()
	gone := time.Now()
	Meanwhile(t, "the file stays", func() bool { return content(file) == "a b " }, func() bool { return time.Since(gone) > 3*time.Second })
	if err := p.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	gone = time.Now()
	Meanwhile(t, "the file stays", func() bool { return content(file) == "a b " }, func() bool { return time.Since(gone) > time.Second })
	if code, _ := p.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if r := lone.template(nil, source+":"+file, "--once"); r.Code != 4 || !strings.Contains(r.Err, lone.RPC) {
		t.Errorf("%+v", r)
	}
}

// TestTemplateExamples renders the recipes for which no program is started.
func TestTemplateExamples(t *testing.T) {
	dir := t.TempDir()
	key, hosts := filepath.Join(dir, "key"), filepath.Join(dir, "hosts.local")
	for file, text := range map[string]string{key: "private\n", hosts: "127.0.0.1 localhost\n192.0.2.1 mine\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := StartDaemon(t, bin, nil, "--name", "a", "--tag", "wg-ip=10.9.0.1", "--tag", "wg-key=Ab/1+=")
	b := StartDaemon(t, bin, nil, "--name", "b c", "--tag", "wg-ip=10.9.0.2", "--tag", "wg-key=Ab/2+=", "--join", a.Gossip.String())
	// One that has no key yet does not keep the others from their tunnels.
	c := StartDaemon(t, bin, nil, "--name", "c", "--tag", "wg-ip=10.9.0.3", "--join", a.Gossip.String())
	Eventually(t, "a sees all", func() bool { return a.Sees(a, b, c) })
	for name, want := range map[string]string{
		"hosts.tmpl":     "\n127.0.0.1 localhost\n192.0.2.1 mine\n127.0.0.1 a.tamtam\n127.0.0.1 b_c.tamtam\n127.0.0.1 c.tamtam\n",
		"wireguard.tmpl": "[Interface]\nPrivateKey = private\nListenPort = 51820\n\n[Peer] # b_c\nPublicKey = Ab/2+=\nAllowedIPs = 10.9.0.2/32\nEndpoint = 127.0.0.1:51820\n",
	} {
		Eventually(t, name+" is as it should be", func() bool {
			r := a.template([]string{"WG_PRIVATE_KEY_FILE=" + key, "HOSTS_LOCAL=" + hosts}, "--dry", examples(t, "templates", name))
			return r.Code == 0 && strings.HasSuffix(r.Out, want)
		})
	}
}

// TestTemplateUnit runs what the unit of the examples runs.
func TestTemplateUnit(t *testing.T) {
	text := content(examples(t, "systemd", "tamtam-template.service"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "haproxy.tmpl"), []byte(content(examples(t, "templates", "haproxy.tmpl"))), 0o600); err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(text, "ExecStart=/usr/bin/tamtam-template ")
	command, _, _ = strings.Cut(command, "\n")
	command = strings.NewReplacer("/etc/haproxy", dir, "haproxy -c", "grep -q 127.0.0.1:8080", "-f %", "%", "systemctl reload haproxy", "touch "+filepath.Join(dir, "done")).Replace(command)
	d := StartDaemon(t, bin, nil, "--tag", "service/web=8080")
	p, _ := start(t, "/bin", "sh", []string{"-c", "exec " + program(bin, "tamtam-template") + " " + command}, []string{"TAMTAM_RPC=" + d.RPC}, true)
	Eventually(t, "it has reloaded", func() bool {
		_, err := os.Stat(filepath.Join(dir, "done"))
		return err == nil && strings.Contains(content(filepath.Join(dir, "haproxy.cfg")), "127.0.0.1:8080\n")
	})
	if code, _ := p.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("not checked by systemd: it is not installed")
	}
	copied := filepath.Join(dir, "tamtam-template.service")
	if err := os.WriteFile(copied, []byte(strings.ReplaceAll(text, "/usr/bin/tamtam-template", program(bin, "tamtam-template"))), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("systemd-analyze", "verify", "--man=no", copied).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "tamtam-template.service") {
			t.Error(line)
		}
	}
}
