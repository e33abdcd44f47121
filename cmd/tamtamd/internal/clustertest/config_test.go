// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tamtam.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTagsInTheFile: a list and a mapping say the same, and a comma in a value stays one.
func TestTagsInTheFile(t *testing.T) {
	want := map[string]string{"motto": "fast, and small", "zone": "a,b", "rack": "7"}
	for _, text := range []string{
		"tag:\n  - \"motto=fast, and small\"\n  - zone=a,b\n  - rack=7\n",
		"tag:\n  motto: fast, and small\n  zone: a,b\n  rack: 7\n",
	} {
		d := StartDaemon(t, bin, nil, "--config", configFile(t, text))
		var got []struct{ Tags map[string]string }
		r := d.Ctl("nodes", "-o", "json")
		if err := json.Unmarshal([]byte(r.Out), &got); err != nil || len(got) != 1 || !maps.Equal(got[0].Tags, want) {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	p, _ := start(t, bin, "tamtamd", []string{"--config", configFile(t, "name: [a, b]\n")}, nil, true)
	if code := p.Wait(); code != 1 || !strings.Contains(p.out.String(), `tamtam.yaml:1: key "name": want one value, not a list`) {
		t.Errorf("exit code %d: %s", code, p.out.String())
	}
}
