// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package limits

import (
	"os"
	"strings"
	"testing"
)

// TestSum: docs/limits.md has the table of bounds, and their sums are what it promises.
func TestSum(t *testing.T) {
	doc, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), Table()) {
		t.Errorf("docs/limits.md has no such table:\n%s", Table())
	}
	sums := map[string]int{}
	for _, b := range Bounds() {
		if b.Most <= 0 || b.Each <= 0 || b.What == "" || b.By == "" {
			t.Errorf("%+v", b)
		}
		sums[b.By] += b.Bytes() >> 20
	}
	// In a small cluster, nobody but members can fill the 128 MiB of the manifests. A tenth of them is for
	// what a garbage collector has not collected yet, as GOMEMLIMIT has it collect all the time.
	if sums[Nobody]+sums[Strangers]+sums[Callers] > 128*9/10+1 {
		t.Errorf("strangers can fill %d MiB, callers %d MiB, besides %d MiB", sums[Strangers], sums[Callers], sums[Nobody])
	}
	// Nor can the cluster and strangers fill the 512 MiB of the packaged unit.
	if n := sums[Nobody] + sums[Strangers] + sums[Cluster] + sums[Callers]; n > 512 {
		t.Errorf("the sum is %d MiB", n)
	}
}
