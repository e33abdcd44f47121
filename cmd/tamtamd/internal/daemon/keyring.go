// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"os"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// keyringOf returns the keyring of a file, or the one in the environment, or nil when
// neither is given. An empty variable is given, and an error: it holds no key. No error
// holds text of the environment.
func keyringOf(file string) (*keyring.Ring, error) {
	text, given := os.LookupEnv(daemonflags.KeyringEnv)
	switch {
	case file != "" && given:
		return nil, fmt.Errorf("--keyring-file %s and %s are both given: leave one of them out", file, daemonflags.KeyringEnv)
	case file != "":
		ring, err := keyring.Load(file)
		if err != nil {
			return nil, fmt.Errorf("--keyring-file: %w", err)
		}
		return ring, nil
	case given:
		ring, err := keyring.FromText(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", daemonflags.KeyringEnv, err)
		}
		return ring, nil
	}
	return nil, nil
}
