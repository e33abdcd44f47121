// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"
)

// keyFile makes the file of a signing key.
func keyFile(t *testing.T, mode os.FileMode) string {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSign: the signature verifies by minisign's format and, if it is installed, by minisign.
func TestSign(t *testing.T) {
	s, err := loadSigner(keyFile(t, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sums := []byte("00  tamtam.tar.gz\n")
	path := filepath.Join(dir, "SHA256SUMS")
	if err := os.WriteFile(path, sums, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.signSums(dir, "v1.2.3", time.Unix(1700000000, 0)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path + ".minisig")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "untrusted comment: ") {
		t.Fatalf("%q", text)
	}
	decode := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	public, signature := decode(s.public()), decode(lines[1])
	if string(public[:2]) != "Ed" || string(signature[:2]) != "ED" || !bytes.Equal(public[2:10], signature[2:10]) {
		t.Fatalf("public key %x, signature %x", public, signature)
	}
	hash := blake2b.Sum512(sums)
	if !ed25519.Verify(public[10:], hash[:], signature[10:]) {
		t.Error("the signature is of another file")
	}
	trusted := strings.TrimPrefix(lines[2], "trusted comment: ")
	if !ed25519.Verify(public[10:], append(signature[10:], trusted...), decode(lines[3])) || !strings.Contains(trusted, "v1.2.3") {
		t.Errorf("the comment %q is not signed", trusted)
	}
	minisign, err := exec.LookPath("minisign")
	if err != nil {
		t.Log("not checked with minisign: it is not installed")
		return
	}
	if out, err := exec.Command(minisign, "-V", "-m", path, "-P", s.public()).CombinedOutput(); err != nil {
		t.Errorf("minisign: %v\n%s", err, out)
	}
	if err := os.WriteFile(path, append(sums, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(minisign, "-V", "-m", path, "-P", s.public()).CombinedOutput(); err == nil {
		t.Errorf("minisign accepts a changed file: %s", out)
	}
}

// TestSigningKey: a key that others can read, or that is none, is an error that names the file.
func TestSigningKey(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{keyFile(t, 0o640), junk, junk + "x"} {
		if _, err := loadSigner(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
