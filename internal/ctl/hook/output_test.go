// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"slices"
	"testing"
)

// TestEnviron: a watch inside a command of another watch does not inherit its change, and a client
// there connects as the watch does.
func TestEnviron(t *testing.T) {
	have := Environ([]string{"PATH=/bin", "TAMTAM_EVENT=change", "TAMTAM_REVISION=7", "TAMTAM_RPC=other:1", "TAMTAM_TOKEN=x", "TAMTAM_RPC_TLS=true"},
		map[string]string{"TAMTAM_RPC": "here:1", "TAMTAM_RPC_CA": "ca", "TAMTAM_RPC_TLS": "false", "TAMTAM_RPC_TOKEN_FILE": ""}, []string{"TAMTAM_EVENT", "TAMTAM_REVISION"})
	if want := []string{"PATH=/bin", "TAMTAM_TOKEN=x", "TAMTAM_RPC=here:1", "TAMTAM_RPC_CA=ca", "TAMTAM_RPC_TLS=false"}; !slices.Equal(have, want) {
		t.Errorf("%q, want %q", have, want)
	}
}
