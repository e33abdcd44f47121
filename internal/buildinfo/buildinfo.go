// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package buildinfo has the versions that a program was built from.
package buildinfo

import "runtime/debug"

// Set by the linker for a release, where the build has no module version:
// -ldflags "-X github.com/eelcocramer/tamtam/internal/buildinfo.version=v1.2.3".
var version, commit string

// Info has the versions that a program was built from.
type Info struct {
	Version string // of TamTam, "v1.2.3", or "devel"
	Commit  string // empty if unknown
	Go      string // version of Go
	Smudge  string // version of the Smudge library; empty in a program without it
}

// Read returns the Info of the running program.
func Read() Info {
	i := Info{Version: version, Commit: commit}
	bi, ok := debug.ReadBuildInfo()
	if ok {
		i.Go = bi.GoVersion
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" && i.Commit == "" {
				i.Commit = s.Value
			}
		}
		for _, m := range bi.Deps {
			if m.Path == "github.com/clockworksoul/smudge" {
				i.Smudge = m.Version
			}
		}
		if v := bi.Main.Version; i.Version == "" && v != "(devel)" {
			i.Version = v
		}
	}
	if i.Version == "" {
		i.Version = "devel"
	}
	return i
}

// Line returns what --version prints, such as "tamtamd v1.2.3 (0123456789ab, go1.26.0)".
func (i Info) Line(program string) string {
	details := i.Go
	if i.Commit != "" {
		details = i.Commit[:min(12, len(i.Commit))] + ", " + details
	}
	return program + " " + i.Version + " (" + details + ")"
}
