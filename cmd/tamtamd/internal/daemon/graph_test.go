// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"go/parser"
	"go/token"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the folders of the daemon's packages, highest first, as
// docs/architecture.md draws them. A package may import those of its own layer and
// those of the layers below.
var layers = [][]string{
	{"clustertest", "simulation"},
	{"daemon"},
	{"serve"},
	{"node"},
	{"peers"},
	{"membership", "broadcast", "retained", "keyring"},
	{"wire", "member"},
	{"engine", "ops", "fanout", "deadline"},
}

// layerOf returns the index in layers of the package name, or -1. The folder that
// matches most of the name decides.
func layerOf(name string) int {
	at, length := -1, 0
	for i, layer := range layers {
		for _, folder := range layer {
			if (name == folder || strings.HasPrefix(name, folder+"/")) && len(folder) > length {
				at, length = i, len(folder)
			}
		}
	}
	return at
}

const module = "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/"

// TestGraphOfRun: Run knows the node as one thing, and none of its parts.
func TestGraphOfRun(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "run.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		name, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
		folder, _, _ := strings.Cut(name, "/")
		if ours && name != "node" && !slices.Contains([]string{"serve", "ops"}, folder) {
			t.Errorf("run.go imports %s: package node assembles the node", name)
		}
	}
}

// TestGraphOfTheDaemon: imports run down the layers, what is below a folder does not
// import the folder's own package, and one package alone knows Smudge.
func TestGraphOfTheDaemon(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	// Programs of their own: a plain Smudge node for tests, and a page to look at.
	programs := []string{"clustertest/plainnode", "serve/page/demo"}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		at := layerOf(name)
		if at < 0 {
			t.Errorf("package %s is in no layer", name)
			continue
		}
		if slices.Contains(programs, name) {
			continue
		}
		for _, imported := range fields[1:] {
			if imported == "github.com/clockworksoul/smudge" && name != "engine/smudgenode" {
				t.Errorf("%s imports smudge", name)
			}
			below, ours := strings.CutPrefix(imported, module)
			if !ours || below == name {
				continue
			}
			if layerOf(below) < at {
				t.Errorf("%s imports %s, which is above it", name, below)
			}
		}
	}
}
