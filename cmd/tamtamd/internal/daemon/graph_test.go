// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the daemon's packages, highest first: each may import only those
// after it.
var layers = []string{
	"clustertest", "daemon", "web", "page", "metrics", "reload", "systemd", "rpc", "rpcguard", "gossip", "discovery", "broadcast", "keyring",
	"links", "inspect", "query", "peerfile", "smudgenode", "admission", "member", "atomicfile", "transport", "datagram", "logging", "fanout",
	"deadline", "lifecycle",
}

// TestGraphOfTheDaemon: imports run down the list, and one package alone knows
// Smudge.
func TestGraphOfTheDaemon(t *testing.T) {
	const module = "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		// Programs of their own: a plain Smudge node for tests, and a page to look at.
		if name == "clustertest/plainnode" || name == "page/demo" {
			continue
		}
		at := slices.Index(layers, name)
		if at < 0 {
			t.Errorf("package %s is in no layer", name)
			continue
		}
		for _, imported := range fields[1:] {
			if imported == "github.com/clockworksoul/smudge" && name != "smudgenode" {
				t.Errorf("%s imports smudge", name)
			}
			below, ours := strings.CutPrefix(imported, module)
			if ours && below != name && slices.Index(layers, below) < at {
				t.Errorf("%s imports %s, which is above it", name, below)
			}
		}
	}
}
