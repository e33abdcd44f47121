// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestPackages makes the release of the commit that is checked out, for this machine,
// and tries what comes out with the tools of those who will install it.
func TestPackages(t *testing.T) {
	here := "linux_" + strings.Replace(runtime.GOARCH, "arm", "armv7", 1)
	if runtime.GOARCH == "arm64" {
		here = "linux_arm64"
	}
	if _, err := choose(here); runtime.GOOS != "linux" || err != nil {
		t.Skipf("there are no packages for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	out := t.TempDir()
	var log strings.Builder
	if err := run(t.Context(), []string{"-repository", filepath.Join("..", ".."), "-out", out, "-platforms", here}, &log); err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(log.String(), "release: v") // other lines come before
	version, _, _ = strings.Cut("v"+version, ",")

	t.Run("archive", func(t *testing.T) { testArchive(t, out, here, version) })
	t.Run("wheel", func(t *testing.T) { testWheel(t, out) })
	t.Run("deb", func(t *testing.T) { testDeb(t, out, version) })
	t.Run("dpkg", func(t *testing.T) { testInstall(t, out) })
	t.Run("lintian", func(t *testing.T) { testLintian(t, out) })
	t.Run("rpm", func(t *testing.T) { testRPM(t, out) })
	t.Run("unit", func(t *testing.T) { testUnit(t, out) })
	t.Run("systemd", func(t *testing.T) { testSystemd(t, out) })
}

// need skips a test without a program.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("not tried: %v", err)
	}
}

// must runs a program, and returns what it prints.
func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// one finds the one file of a pattern.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	return paths[0]
}

// tryPrograms runs the programs in dir: they are of the version, and know the commit.
func tryPrograms(t *testing.T, version, dir string) {
	t.Helper()
	tamtamd, tamtamctl := filepath.Join(dir, "tamtamd"), filepath.Join(dir, "tamtamctl")
	if line := must(t, filepath.Join(dir, "tamtam-template"), "--version"); !strings.HasPrefix(line, "tamtam-template "+version+" ") {
		t.Errorf("got %s", line)
	}
	if help := must(t, tamtamd, "-h"); !strings.Contains(help, "tamtamd [flags]") {
		t.Errorf("got %s", help)
	}
	cmd := exec.Command(tamtamctl, "-o", "json", "--rpc", "127.0.0.1:1", "version")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	text, err := cmd.Output()
	var have struct {
		Client struct{ Version, Commit string }
	}
	if e := json.Unmarshal(text, &have); err != nil || e != nil {
		t.Fatalf("%s: %v, %v", text, err, e)
	}
	if have.Client.Version != version || len(have.Client.Commit) != 40 {
		t.Errorf("got %+v, want version %q", have.Client, version)
	}
}

func testArchive(t *testing.T, out, here, version string) {
	path := one(t, out, "*.tar.gz")
	base := strings.TrimSuffix(filepath.Base(path), ".tar.gz")
	if want := "tamtam_" + strings.TrimPrefix(version, "v") + "_" + here; base != want {
		t.Errorf("got %s, want %s", base, want)
	}
	have := untar(t, path)
	for _, name := range []string{"tamtamd", "tamtamctl", "tamtam-template", "LICENSE", "README.md", "CHANGELOG.md", "man/tamtamd.8", "man/tamtamctl-configure-heartbeat.1",
		"man/tamtam.yaml.5", "completions/tamtamctl.bash", "completions/_tamtamctl", "completions/tamtamctl.fish", "completions/tamtamd.bash", "completions/tamtamctl.ps1",
		"man/tamtam-template.1", "completions/tamtam-template.bash", "examples/templates/haproxy.tmpl"} {
		if h := have[base+"/"+name]; h == nil || h.Size == 0 {
			t.Errorf("no %s in %s", name, base)
		}
	}
	testGuides(t, path, base)
	for name := range have {
		if strings.Contains(name, "bin/") || strings.Contains(name, "gendoc") && !strings.HasPrefix(name, base+"/docs/") {
			t.Errorf("%s is not to be published", name)
		}
	}
	need(t, "tar")
	dir := t.TempDir()
	must(t, "tar", "-C", dir, "-xzf", path)
	tryPrograms(t, version, filepath.Join(dir, base))
	need(t, "sha256sum")
	sum := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sum.Dir = out
	if text, err := sum.CombinedOutput(); err != nil || strings.Count(string(text), ": OK") != 9 {
		t.Errorf("%v: %s", err, text)
	}
}

func testDeb(t *testing.T, out, version string) {
	need(t, "dpkg-deb")
	dir, control := t.TempDir(), t.TempDir()
	for _, name := range shipped {
		must(t, "dpkg-deb", "-x", one(t, out, name+"_*.deb"), dir)
	}
	must(t, "dpkg-deb", "-e", one(t, out, "tamtamd_*.deb"), control)
	conffiles, err := os.ReadFile(filepath.Join(control, "conffiles"))
	if err != nil || strings.TrimSpace(string(conffiles)) != "/etc/default/tamtamd\n/etc/tamtam/tamtam.yaml" {
		t.Errorf("conffiles %q, %v", conffiles, err)
	}
	if field := must(t, "dpkg-deb", "-f", one(t, out, "tamtamd_*.deb"), "Version"); field != packageVersion(strings.TrimPrefix(version, "v"))+"-1\n" {
		t.Errorf("version %q of %s", field, version)
	}
	testPackagedGuides(t, out, filepath.Join(dir, "usr", "share", "doc", "tamtamd"))
	tamtamd := filepath.Join(dir, "usr", "bin", "tamtamd")
	tryPrograms(t, version, filepath.Join(dir, "usr", "bin"))

	// The daemon takes the configuration as it is installed: it is the port that it
	// complains about.
	cmd := exec.Command(tamtamd, "--port", "x")
	cmd.Env = []string{"TAMTAM_CONFIG=" + filepath.Join(dir, "etc", "tamtam", "tamtam.yaml")}
	if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), "--port") {
		t.Errorf("%v: %s", err, text)
	}
	// And every line of it without its comment sign; a blank after that begins a
	// sentence.
	example, err := os.ReadFile(filepath.Join(dir, "etc", "tamtam", "tamtam.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(example)) {
		if key, is := strings.CutPrefix(line, "#"); is && (key[0] != ' ' || strings.HasPrefix(key, "  ")) {
			lines = append(lines, key)
		}
	}
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, "port: x\n"), "")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(tamtamd)
	cmd.Env = []string{"TAMTAM_CONFIG=" + file}
	if text, err := cmd.CombinedOutput(); len(lines) < 4 || err == nil || !strings.Contains(string(text), fmt.Sprintf("%s:%d: invalid value \"x\" for key port", file, len(lines)+1)) {
		t.Errorf("%v: %s", err, text)
	}
}

// testInstall lets dpkg install, upgrade, remove and purge the daemon's package, in a
// directory. Nobody's systemd hears of it.
func testInstall(t *testing.T, out string) {
	need(t, "dpkg")
	root := t.TempDir()
	admin := filepath.Join(root, "var", "lib", "dpkg")
	for _, dir := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(admin, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(admin, "status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) string {
		return must(t, "dpkg", append([]string{"--root=" + root, "--log=" + os.DevNull, "--force-script-chrootless", "--force-not-root", "--force-architecture"}, args...)...)
	}
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}
	deb := one(t, out, "tamtamd_*.deb")
	dpkg("-i", deb)
	if status := dpkg("-s", "tamtamd"); !strings.Contains(status, "Status: install ok installed") || !there("usr/bin/tamtamd") {
		t.Fatalf("got %s", status)
	}
	file := filepath.Join(root, "etc", "tamtam", "tamtam.yaml")
	if err := os.WriteFile(file, []byte("port: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg("-i", deb)
	if text, err := os.ReadFile(file); string(text) != "port: 1\n" {
		t.Errorf("an upgrade made %q of the configuration, %v", text, err)
	}
	if err := os.MkdirAll(filepath.Join(root, "var", "lib", "private", "tamtam"), 0o700); err != nil {
		t.Fatal(err)
	}
	dpkg("-r", "tamtamd")
	if there("usr/bin/tamtamd") || !there("etc/tamtam/tamtam.yaml") || !there("var/lib/private/tamtam") {
		t.Error("removed: the program stays, or what should stay does not")
	}
	dpkg("-P", "tamtamd")
	if there("etc/tamtam") || there("etc/default/tamtamd") || there("var/lib/private/tamtam") {
		t.Error("purged: something stays")
	}
}

func testLintian(t *testing.T, out string) {
	need(t, "lintian")
	for _, name := range shipped {
		must(t, "lintian", "--fail-on", "error,warning", one(t, out, name+"_*.deb"))
	}
}

func testRPM(t *testing.T, out string) {
	need(t, "rpm")
	for name, wanted := range map[string][]string{
		"tamtamd":         {"/usr/bin/tamtamd", "/usr/lib/systemd/system/tamtamd.service", "/etc/tamtam/tamtam.yaml", "/etc/default/tamtamd", "/usr/share/man/man8/tamtamd.8.gz"},
		"tamtamctl":       {"/usr/bin/tamtamctl", "/usr/share/zsh/site-functions/_tamtamctl", "/usr/share/man/man1/tamtamctl.1.gz", "/usr/share/man/man5/tamtamctl-json.5.gz"},
		"tamtam-template": {"/usr/bin/tamtam-template", "/usr/share/zsh/site-functions/_tamtam-template", "/usr/share/man/man1/tamtam-template.1.gz"},
	} {
		path := one(t, out, name+"-*.rpm")
		must(t, "rpm", "--checksig", "--nosignature", path)
		files := strings.Fields(must(t, "rpm", "-qpl", path))
		for _, want := range wanted {
			if !slices.Contains(files, want) {
				t.Errorf("no %s in %v", want, files)
			}
		}
		// The same program as in the archive.
		binary := "tamtam_bin"
		for n := range untar(t, one(t, out, "*.tar.gz")) {
			if strings.HasSuffix(n, "/"+name) {
				binary = n
			}
		}
		dir := t.TempDir()
		must(t, "tar", "-C", dir, "-xzf", one(t, out, "*.tar.gz"))
		data, err := os.ReadFile(filepath.Join(dir, binary))
		if err != nil {
			t.Fatal(err)
		}
		if dump := must(t, "rpm", "-qp", "--dump", path); !strings.Contains(dump, fmt.Sprintf("%x", sha256.Sum256(data))) {
			t.Errorf("another program than in the archive: %s", dump)
		}
	}
	if config := strings.Fields(must(t, "rpm", "-qpc", one(t, out, "tamtamd-*.rpm"))); !slices.Equal(config, []string{"/etc/default/tamtamd", "/etc/tamtam/tamtam.yaml"}) {
		t.Errorf("configuration %v", config)
	}
}

// exposure is the most that "systemd-analyze security" may find, in tenths of 0, no
// way out, to 10, as if it were not confined. docs/install.md has the figure, 1.5; a
// newer systemd may ask for a little more.
const exposure = 17

func testUnit(t *testing.T, out string) {
	need(t, "systemd-analyze")
	need(t, "dpkg-deb")
	root := t.TempDir()
	must(t, "dpkg-deb", "-x", one(t, out, "tamtamd_*.deb"), root)
	unit := filepath.Join(root, "lib", "systemd", "system", "tamtamd.service")
	text := must(t, "systemd-analyze", "security", "--offline=true", fmt.Sprintf("--threshold=%d", exposure), unit)
	_, level, _ := strings.Cut(text, "Overall exposure level for ")
	t.Log(strings.TrimSpace(level))

	// A daemon that has no processor time is late for the others, who may find it dead.
	lines, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nNice=-5\n", "\nCPUWeight=500\n"} {
		if !strings.Contains(string(lines), want) {
			t.Errorf("no %q in %s", want, unit)
		}
	}

	// What it says of other units, which are not in here, is no matter; nor does it
	// find the program in another root than its own.
	verify, _ := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	for line := range strings.Lines(string(verify)) {
		if strings.Contains(line, "tamtamd.service") && !strings.Contains(line, "/usr/bin/tamtamd is not executable") {
			t.Error(strings.TrimSpace(line))
		}
	}
}
