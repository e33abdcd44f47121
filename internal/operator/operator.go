// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package operator has the key of an operator: who holds its private half may remove members and
// change the keys that encrypt the gossip. Nodes know the public half. So a member that is broken,
// or whose cluster key has leaked, can do neither.
package operator

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/files"
)

const (
	// What the lines of key files begin with.
	privatePrefix = "tamtam-operator-private "
	publicPrefix  = "tamtam-operator-public "
	// maxFile bounds a file of keys, in bytes, and MaxKeys how many a node takes.
	maxFile = 16 << 10
	MaxKeys = 16
	// Validity is how far the time of a signed change of keys may be from a node's own. Then a
	// change cannot be repeated, such as the installation of a key that has leaked since.
	Validity = 5 * time.Minute
)

// ErrUnsigned: a change is not signed by a key that this node knows.
var ErrUnsigned = errors.New("not signed by the operator of this cluster: give --operator-key")

// Private signs. It is what the operator holds.
type Private struct{ key ed25519.PrivateKey }

// Keys are the public halves of the operators' keys. Without any, everything counts as signed.
type Keys []ed25519.PublicKey

// Generate returns a new key: the texts of the private file, and of the public one.
func Generate() (private, public string) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system has no random numbers
	}
	encode := base64.StdEncoding.EncodeToString
	return privatePrefix + encode(key.Seed()) + "\n", publicPrefix + encode(pub) + "\n"
}

// ReadPrivate reads a file with a private key. No error has a part of it.
func ReadPrivate(path string) (Private, error) {
	b, err := files.ReadSecret(path, maxFile)
	if err != nil {
		return Private{}, err
	}
	text := strings.TrimSpace(string(b))
	if strings.HasPrefix(text, publicPrefix) {
		return Private{}, fmt.Errorf("%s has the public half of a key, which nodes need: give the private half", path)
	}
	seed, err := decode(text, privatePrefix, ed25519.SeedSize)
	if err != nil {
		return Private{}, fmt.Errorf("%s has no private key of an operator, as tamtamctl operator generate writes it", path)
	}
	return Private{ed25519.NewKeyFromSeed(seed)}, nil
}

// ReadKeys reads a file with public keys, one on each line. Empty lines and lines that begin with
// # do not count.
func ReadKeys(path string) (all Keys, err error) {
	b, err := files.ReadTrusted(path, maxFile)
	if err != nil {
		return nil, err
	}
	number := 0
	for line := range strings.Lines(string(b)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.HasPrefix(line, privatePrefix) {
			return nil, fmt.Errorf("line %d of %s is the private half of a key, which no node needs: give the public half, and make a new key", number, path)
		}
		key, err := decode(line, publicPrefix, ed25519.PublicKeySize)
		if err != nil {
			return nil, fmt.Errorf("line %d of %s is no public key of an operator, as tamtamctl operator generate writes it", number, path)
		}
		all = append(all, key)
	}
	if len(all) == 0 || len(all) > MaxKeys {
		return nil, fmt.Errorf("%s has %d keys, want 1 to %d", path, len(all), MaxKeys)
	}
	return all, nil
}

// decode returns the bytes behind a prefix. What follows a blank is the name of the key.
func decode(text, prefix string, size int) ([]byte, error) {
	text, ok := strings.CutPrefix(text, prefix)
	text, _, _ = strings.Cut(text, " ")
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != size {
		return nil, errors.New("malformed")
	}
	return b, nil
}

// Removal is the removal of a session of a member: the member may come back in another session,
// which it has after an explicit join or a restart.
type Removal struct {
	Cluster string
	Member  netip.AddrPort
	Session uint64
}

func (r Removal) statement() []byte {
	return statement("remove", r.Cluster, r.Member.String(), strconv.FormatUint(r.Session, 10))
}

// KeyChange is a change of the keys of all members.
type KeyChange struct {
	Cluster string
	Action  string // install, use or remove
	Key     string // its ID; of one to install, KeyHash
	Issued  time.Time
}

// Actions of a KeyChange.
const (
	Install = "install"
	Use     = "use"
	Remove  = "remove"
)

// KeyHash stands for a key in a KeyChange.
func KeyHash(key []byte) string {
	h := sha256.Sum256(key)
	return base64.StdEncoding.EncodeToString(h[:])
}

func (k KeyChange) statement() []byte {
	return statement("key "+k.Action, k.Cluster, k.Key, strconv.FormatInt(k.Issued.Unix(), 10))
}

// statement returns what is signed. Each part has its length, so that no two statements are the
// same bytes.
func statement(parts ...string) []byte {
	b := []byte("tamtam operator 1\n")
	for _, p := range parts {
		b = append(strconv.AppendInt(b, int64(len(p)), 10), ':')
		b = append(append(b, p...), '\n')
	}
	return b
}

// SignRemoval signs a removal.
func (p Private) SignRemoval(r Removal) []byte { return ed25519.Sign(p.key, r.statement()) }

// SignKeyChange signs a change of keys.
func (p Private) SignKeyChange(k KeyChange) []byte { return ed25519.Sign(p.key, k.statement()) }

// Removal returns ErrUnsigned unless a removal counts.
func (k Keys) Removal(r Removal, signature []byte) error {
	if len(k) == 0 || r.Session != 0 && k.signed(r.statement(), signature) {
		return nil
	}
	return ErrUnsigned
}

// KeyChange returns ErrUnsigned, or another error, unless a change of keys counts.
func (k Keys) KeyChange(c KeyChange, signature []byte, now time.Time) error {
	switch {
	case len(k) == 0:
		return nil
	case !k.signed(c.statement(), signature):
		return ErrUnsigned
	case now.Sub(c.Issued).Abs() > Validity:
		return fmt.Errorf("%w: the signature is of %s, and this node's clock shows %s; they may differ by %s",
			ErrUnsigned, c.Issued.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339), Validity)
	}
	return nil
}

func (k Keys) signed(statement, signature []byte) bool {
	for _, key := range k {
		if ed25519.Verify(key, statement, signature) {
			return true
		}
	}
	return false
}
