// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import "errors"

// Keyring is the only setting that is a variable but neither a flag nor a key of the
// file. It holds the keys themselves, which must not be on a command line or in a file
// that others can read.
const (
	Keyring    = "keyring"
	KeyringEnv = "TAMTAM_KEYRING"
)

// The values of --encrypt. Nodes with neighbouring values understand each other, so that an
// open cluster becomes an encrypted one step by step.
const (
	EncryptOff     = "off"
	EncryptAccept  = "accept"
	EncryptSend    = "send"
	EncryptRequire = "require"
)

// Encryptions are the values of --encrypt, from open to encrypted.
var Encryptions = []string{EncryptOff, EncryptAccept, EncryptSend, EncryptRequire}

// fileValue is a file that must exist. An empty variable is an error, not "no file": the
// port that the file guards would be open.
type fileValue struct{ p *string }

func (v fileValue) String() string { return nameValue{p: v.p}.String() }

// RefusesEmpty returns the error for an empty value; see config.Parse.
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
