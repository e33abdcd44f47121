// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"os"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// secrets are what the node reads from files of keys.
type secrets struct {
	ring       *keyring.Ring // nil without keys
	encryption wire.Encryption
	operators  operator.Keys
}

// readSecrets reads the files of keys that flags name.
func readSecrets(flags *daemonflags.Flags) (s secrets, err error) {
	if s.ring, err = keyringOf(flags.KeyringFile); err != nil {
		return s, err
	}
	if s.encryption, err = encryptionOf(flags.Encrypt, s.ring != nil); err != nil {
		return s, err
	}
	if flags.OperatorKey != "" {
		if s.operators, err = operator.ReadKeys(flags.OperatorKey); err != nil {
			return s, fmt.Errorf("--operator-key: %w", err)
		}
	}
	return s, nil
}

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

// encryptions are the values of --encrypt.
var encryptions = map[string]wire.Encryption{
	daemonflags.EncryptOff: wire.EncryptOff, daemonflags.EncryptAccept: wire.EncryptAccept,
	daemonflags.EncryptSend: wire.EncryptSend, daemonflags.EncryptRequire: wire.EncryptRequire,
}

// encryptionOf returns the encryption that --encrypt stands for. It fails if that needs
// keys, and there are none.
func encryptionOf(value string, keys bool) (wire.Encryption, error) {
	e := encryptions[value]
	switch {
	case value == "" && !keys:
		return wire.EncryptOff, nil
	case e != wire.EncryptOff && !keys:
		return 0, fmt.Errorf("--encrypt %s without keys: give --keyring-file or %s", value, daemonflags.KeyringEnv)
	}
	return e, nil // of "": the zero value, which is the strictest
}

// reencrypt changes what a running node encrypts and takes.
func reencrypt(a *node.Assembly, value string, logger log.Logger) error {
	to, err := encryptionOf(value, true)
	switch {
	case err != nil:
		return err
	case to == wire.EncryptOff || a.Wire.Encryption() == wire.EncryptOff:
		return errors.New("a change to off, or from off, needs a restart")
	}
	a.Wire.SetEncryption(to)
	warnOfClear(logger, to)
	return nil
}

// warnOfPlain warns if plain Smudge nodes should be members, and cannot be.
func warnOfPlain(logger log.Logger, asked bool, e wire.Encryption) {
	if asked && e.Sends() {
		_ = level.Warn(logger).Log("msg", "--plain has no effect: plain Smudge nodes cannot decrypt what this node sends", "encrypt", e)
	}
}

// warnOfClear warns of a step from open to encrypted: it should not last.
func warnOfClear(logger log.Logger, e wire.Encryption) {
	if e == wire.EncryptAccept || e == wire.EncryptSend {
		_ = level.Warn(logger).Log("msg", "unencrypted packets are accepted, too: anybody can join",
			"encrypt", e, "do", "when tamtamctl doctor reports that all members are ready, take the next step, up to require")
	}
}
