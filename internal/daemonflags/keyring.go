// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import "errors"

// Keyring is the one setting that is a variable and neither flag nor key: a keyring
// itself, so that no key is ever on a command line or in a file that others may read.
const (
	Keyring    = "keyring"
	KeyringEnv = "TAMTAM_KEYRING"
)

// fileValue is a file that must be there. The empty name of a variable that was not
// filled in must not mean that there is none: what it guards would be open.
type fileValue struct{ p *string }

func (v fileValue) String() string { return nameValue{p: v.p}.String() }

// RefusesEmpty says what would be right; see config.Parse.
func (v fileValue) RefusesEmpty() error {
	return errors.New("want the name of a file; leave it out to have none")
}

func (v fileValue) Set(s string) error {
	if s == "" {
		return v.RefusesEmpty()
	}
	*v.p = s
	return nil
}
