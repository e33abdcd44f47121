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
		sums[b.By] += b.Bytes()
	}
	const mib = 1 << 20
	// In a small cluster, nobody but members can fill the 128 MiB of the manifests. A tenth of them is for
	// what a garbage collector has not collected yet, as GOMEMLIMIT has it collect all the time.
	if sums[Nobody]+sums[Strangers]+sums[Callers] > (128*9/10+1)*mib {
		t.Errorf("strangers can fill %d bytes, callers %d, besides %d", sums[Strangers], sums[Callers], sums[Nobody])
	}
	// Nor can the cluster and strangers fill 512 of the 640 MiB of the packaged unit.
	if n := sums[Nobody] + sums[Strangers] + sums[Cluster] + sums[Callers]; n > 512*mib {
		t.Errorf("the sum is %d bytes", n)
	}
}
