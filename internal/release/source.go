// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	root      = "github.com/eelcocramer/tamtam"
	linkFlags = "-s -w -buildid="
)

// shipped are the published programs. tamtam-gendoc is only useful with the source.
var shipped = []string{"tamtamd", "tamtamctl", "tamtam-template"}

// source is a checked-out commit.
type source struct {
	dir     string
	cache   string
	version string    // as Go derives it from tags: "v1.2.3", or a pseudo-version
	commit  string    // 40 hexadecimal digits
	time    time.Time // of the commit
}

// program is a built program.
type program struct {
	entry
	platform platform
	info     *buildinfo.BuildInfo
}

// checkOut makes a clone, which has only committed files, and from which Go can read the version.
// Go does not do that in a linked worktree.
func checkOut(ctx context.Context, c config, dir string) (*source, error) {
	s := &source{dir: dir, cache: c.cache}
	// Without the user's configuration of line ends.
	clone := exec.CommandContext(ctx, "git", "-c", "core.autocrlf=false", "clone", "--quiet", "--no-hardlinks", c.repository, dir)
	clone.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	if out, err := clone.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("clone %s: %w\n%s", c.repository, err, out)
	}
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "show", "-s", "--format=%H %ct", "HEAD").Output()
	if err != nil {
		return nil, fmt.Errorf("read the time of the commit: %w", err)
	}
	commit, when, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	s.commit = commit
	seconds, err := strconv.ParseInt(when, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read the time of the commit: %w", err)
	}
	s.time = time.Unix(seconds, 0).UTC()

	// All files have the version of the root module. The daemon's module has tags of its own,
	// and could have another version.
	here := platform{os: runtime.GOOS, arch: runtime.GOARCH}
	if err := s.goBuild(ctx, here, filepath.Join(dir, "bin")+string(filepath.Separator), append([]string{"tamtam-gendoc"}, shipped...)...); err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(s.hostProgram("tamtamctl"))
	if err != nil {
		return nil, err
	}
	if s.version = info.Main.Version; s.version == "" || s.version == "(devel)" {
		return nil, errors.New("no version of the commit is known to Go")
	}
	return s, nil
}

func (s *source) hostProgram(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(s.dir, "bin", name)
}

// number returns the version for file names.
func (s *source) number() string { return strings.TrimPrefix(s.version, "v") }

// goBuild builds programs of the source. It overrides the user's settings for Go that would change
// the bytes.
func (s *source) goBuild(ctx context.Context, p platform, out string, programs ...string) error {
	link := linkFlags
	if s.version != "" {
		link += " -X " + root + "/internal/buildinfo.version=" + s.version
	}
	args := []string{"build", "-buildvcs=true", "-trimpath", "-tags", "grpcnotrace", "-ldflags", link, "-o", out}
	for _, name := range programs {
		args = append(args, "./cmd/"+name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=", "GOFIPS140=off",
		"GOAMD64=v1", "GO386=sse2", "GOARM64=v8.0",
		"GOOS="+p.os, "GOARCH="+p.arch, "GOARM="+p.arm)
	if s.cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+s.cache)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s: %w\n%s", p, err, out)
	}
	return nil
}

// build builds the shipped programs.
func (s *source) build(ctx context.Context, p platform, dir string) ([]program, error) {
	if err := s.goBuild(ctx, p, dir+string(filepath.Separator), shipped...); err != nil {
		return nil, err
	}
	var built []program
	for _, name := range shipped {
		if p.os == "windows" {
			name += ".exe"
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		info, err := buildinfo.Read(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		built = append(built, program{entry{name, 0o755, data}, p, info})
	}
	return built, nil
}

// documents returns the files that are shipped besides the programs, on all systems.
func (s *source) documents(ctx context.Context, dir string) ([]entry, error) {
	docs, err := s.guides()
	if err != nil {
		return nil, err
	}
	gendoc := exec.CommandContext(ctx, s.hostProgram("tamtam-gendoc"), "-format", "man", "-date", s.time.Format(time.DateOnly), "-out", dir)
	if out, err := gendoc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("write the manual: %w\n%s", err, out)
	}
	pages, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		if strings.HasPrefix(page.Name(), "tamtam-gendoc") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, page.Name()))
		if err != nil {
			return nil, err
		}
		docs = append(docs, entry{"man/" + page.Name(), 0o644, data})
	}
	for _, program := range shipped {
		for shell, name := range map[string]string{"bash": program + ".bash", "zsh": "_" + program, "fish": program + ".fish", "powershell": program + ".ps1"} {
			cmd := exec.CommandContext(ctx, s.hostProgram(program), "completion", shell)
			cmd.Env = []string{"HOME=" + dir} // no user's configuration
			script, err := cmd.Output()
			if err != nil {
				return nil, fmt.Errorf("write the completions of %s for %s: %w", program, shell, err)
			}
			docs = append(docs, entry{"completions/" + name, 0o644, script})
		}
	}
	return docs, nil
}

// compress returns a gzip file that depends only on the content.
func compress(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails only for an invalid level
	_, _ = w.Write(data)                                  // a buffer never fails
	_ = w.Close()
	return b.Bytes()
}
