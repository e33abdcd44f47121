// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package buildinfo

import (
	"runtime"
	"testing"
)

func TestRead(t *testing.T) {
	i := Read()
	if i.Version == "" || i.Go != runtime.Version() || i.Smudge != "" {
		t.Errorf("got %+v", i)
	}
	version, commit = "v9.9.9", "abc"
	defer func() { version, commit = "", "" }()
	if i := Read(); i.Version != "v9.9.9" || i.Commit != "abc" {
		t.Errorf("the linker's values are not taken: %+v", i)
	}
}
