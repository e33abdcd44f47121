// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	gomodule "golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// daemon is the module of tamtamd. Its tags have the directory in front.
const daemon = root + "/cmd/tamtamd"

// lowest is the lowest version of a release. The tamtam of 2018 has a tag v1.0.1, which "@latest"
// would prefer to anything below.
const lowest = "v1.1.0"

// required returns the version of the root module that the daemon's module requires.
func required(dir string) (string, error) {
	path := filepath.Join(dir, "cmd", "tamtamd", "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	f, err := modfile.Parse(path, text, nil)
	if err != nil {
		return "", err
	}
	if len(f.Replace) > 0 {
		return "", fmt.Errorf("%s has a replace directive: go install refuses such a module", path)
	}
	for _, r := range f.Require {
		if r.Mod.Path == root {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", path, root)
}

// checkModules returns an error if "go install ...@version" would not work for a release. A commit
// without a tag, which has a pseudo-version, is no release.
func (s *source) checkModules(ctx context.Context) error {
	if gomodule.IsPseudoVersion(s.version) {
		return nil
	}
	version := strings.TrimSuffix(s.version, "+dirty")
	switch have, err := required(s.dir); {
	case err != nil:
		return err
	case semver.Compare(version, lowest) < 0 || semver.Major(version) != "v1":
		return fmt.Errorf("the tag is %s: want a v1 from %s on, as the module's path and its oldest tag demand", version, lowest)
	case have != version:
		return fmt.Errorf("the tag is %s, but cmd/tamtamd/go.mod requires %s %s: change it there and in go.work before the tag", version, root, have)
	}
	tags, err := exec.CommandContext(ctx, "git", "-C", s.dir, "tag", "--points-at", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("read the tags of the commit: %w", err)
	}
	want := "cmd/tamtamd/" + version
	for tag := range strings.FieldsSeq(string(tags)) {
		if tag == want {
			return nil
		}
	}
	return fmt.Errorf("the commit has the tag %s, but not %s, which the daemon's module needs", version, want)
}
