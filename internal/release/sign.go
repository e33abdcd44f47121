// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/blake2b"
)

// signingKey is the environment variable that names the file of the key. The key itself is never
// on a command line or in the environment.
const signingKey = "TAMTAM_SIGNING_KEY"

// signer signs as minisign does, so that users need no tool of ours to check a release.
type signer struct{ key ed25519.PrivateKey }

// loadSigner reads an Ed25519 key in PEM (PKCS #8), as "openssl genpkey -algorithm ed25519" writes
// it. Only the file's owner may read it.
func loadSigner(path string) (*signer, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("other users can read or write %s (mode %#o): chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM: make a key with openssl genpkey -algorithm ed25519", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T: want an Ed25519 key", path, parsed)
	}
	return &signer{key}, nil
}

// id tells keys apart. minisign has random ones; this one follows from the key.
func (s *signer) id() []byte {
	sum := sha256.Sum256(s.key.Public().(ed25519.PublicKey))
	return sum[:8]
}

// public returns the public key as minisign's -P takes it: "Ed", the ID, the key.
func (s *signer) public() string {
	b := append([]byte("Ed"), s.id()...)
	return base64.StdEncoding.EncodeToString(append(b, s.key.Public().(ed25519.PublicKey)...))
}

// sign returns the content of a .minisig file: a signature of the BLAKE2b hash of data ("ED"), and
// one of that signature and the trusted comment.
func (s *signer) sign(data []byte, trusted string) []byte {
	hash := blake2b.Sum512(data)
	signature := ed25519.Sign(s.key, hash[:])
	global := ed25519.Sign(s.key, append(append([]byte{}, signature...), trusted...))
	b := append(append([]byte("ED"), s.id()...), signature...)
	return fmt.Appendf(nil, "untrusted comment: signature of a release of TamTam\n%s\ntrusted comment: %s\n%s\n",
		base64.StdEncoding.EncodeToString(b), trusted, base64.StdEncoding.EncodeToString(global))
}

// signSums writes SHA256SUMS.minisig beside SHA256SUMS. The time is the commit's, so the same
// commit and key make the same bytes.
func (s *signer) signSums(dir, version string, at time.Time) error {
	path := filepath.Join(dir, "SHA256SUMS")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	trusted := fmt.Sprintf("timestamp:%d\tfile:SHA256SUMS\ttamtam %s", at.Unix(), version)
	return os.WriteFile(path+".minisig", s.sign(data, trusted), 0o644)
}
