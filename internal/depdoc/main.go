// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Depdoc writes the tables of dependencies into docs/security.md: module, version and programs from
// the build, reasons and reviews from its own table. It runs in the root of the repository.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// document is the file with the tables, which stand between the lines begin and end.
const (
	document = "docs/security.md"
	begin    = "<!-- dependencies: begin -->\n"
	end      = "<!-- dependencies: end -->\n"
	notice   = "<!-- Written by internal/depdoc (make docs) from its reviews.go. Do not edit. -->\n\n"
)

// own is the module path of the root; the daemon's module requires it.
const own = "github.com/eelcocramer/tamtam"

var (
	programs = []string{"tamtamctl", "tamtamd", "tamtam-template", "tamtam-gendoc"}
	modFiles = []string{"go.mod", "cmd/tamtamd/go.mod"}
)

func main() {
	check := flag.Bool("check", false, "write nothing; exit with 1 if the tables are stale")
	flag.Parse()
	if err := run(*check, reviews); err != nil {
		fmt.Fprintf(os.Stderr, "depdoc: %v\n", err)
		os.Exit(1)
	}
}

func run(check bool, reviews map[string]review) error {
	have, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	direct, err := required()
	if err != nil {
		return err
	}
	linked, err := compiled()
	if err != nil {
		return err
	}
	text, err := tables(direct, linked, reviews)
	if err != nil {
		return err
	}
	want, err := insert(string(have), text)
	switch {
	case err != nil || want == string(have):
		return err
	case check:
		return fmt.Errorf("%s is stale; run make docs", document)
	}
	return os.WriteFile(document, []byte(want), 0o644)
}

// required returns the versions of the direct dependencies, by module.
func required() (map[string]string, error) {
	direct := map[string]string{}
	for _, file := range modFiles {
		out, err := command("go", "mod", "edit", "-json", file)
		if err != nil {
			return nil, err
		}
		var module struct {
			Require []struct {
				Path, Version string
				Indirect      bool
			}
		}
		if err := json.Unmarshal(out, &module); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, r := range module.Require {
			if r.Indirect || r.Path == own {
				continue
			}
			if other := direct[r.Path]; other != "" && other != r.Version {
				return nil, fmt.Errorf("%s requires %s %s, another go.mod %s", file, r.Path, r.Version, other)
			}
			direct[r.Path] = r.Version
		}
	}
	return direct, nil
}

// module is a module that is compiled into programs.
type module struct {
	version  string
	programs []string
}

// compiled returns the modules in each program, as released for Linux.
func compiled() (map[string]module, error) {
	linked := map[string]module{}
	for _, program := range programs {
		out, err := command("go", "list", "-deps", "-tags", "grpcnotrace", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/"+program)
		if err != nil {
			return nil, err
		}
		seen := map[string]string{}
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); len(f) == 2 {
				seen[f[0]] = f[1]
			}
		}
		for path, version := range seen {
			linked[path] = module{version, append(linked[path].programs, program)}
		}
	}
	return linked, nil
}

// command returns the standard output of a command, which sees the same build on each machine.
func command(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return out, nil
}

// tables returns the tables. It is an error if a direct dependency has no review, or a review no
// direct dependency.
func tables(direct map[string]string, linked map[string]module, reviews map[string]review) (string, error) {
	var b strings.Builder
	var errs []error
	b.WriteString("| module | version | in | why | review |\n| --- | --- | --- | --- | --- |\n")
	for _, path := range slices.Sorted(maps.Keys(direct)) {
		r := reviews[path]
		if r.why == "" || r.found == "" {
			errs = append(errs, fmt.Errorf("%s has no reason or review: add it to reviews.go", path))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", path, short(direct[path]), in(linked[path]), r.why, r.found)
	}
	for _, path := range slices.Sorted(maps.Keys(reviews)) {
		if direct[path] == "" {
			errs = append(errs, fmt.Errorf("no go.mod requires %s: remove it from reviews.go", path))
		}
	}
	counts := map[string]int{}
	for _, m := range linked {
		for _, p := range m.programs {
			counts[p]++
		}
	}
	fmt.Fprintf(&b, "\nOn Linux, %d modules are compiled into `tamtamctl`, %d into `tamtam-template`, %d into `tamtamd`. These are\nthere because those above need them:\n\n",
		counts["tamtamctl"], counts["tamtam-template"], counts["tamtamd"])
	b.WriteString("| module | version | in |\n| --- | --- | --- |\n")
	for _, path := range slices.Sorted(maps.Keys(linked)) {
		if direct[path] == "" {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", path, short(linked[path].version), in(linked[path]))
		}
	}
	return b.String(), errors.Join(errs...)
}

// in returns the programs that a module is compiled into.
func in(m module) string {
	switch len(m.programs) {
	case 0:
		return "tests"
	case len(programs):
		return "all"
	}
	return "`" + strings.Join(m.programs, "`, `") + "`"
}

// short returns a version, a pseudo-version without the commit.
func short(version string) string {
	if p := strings.Split(version, "-"); len(p) == 3 {
		return p[0] + "-" + p[1]
	}
	return version
}

// insert returns a document with other text between the lines begin and end.
func insert(doc, text string) (string, error) {
	before, rest, found := strings.Cut(doc, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("%s has no lines %q and %q", document, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + notice + text + end + after, nil
}
