// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package keyring keeps this node's keys of the cluster. Package wire encrypts with them.
//
// A keyring is text with one key on each line, 32 bytes in base64. The first key encrypts;
// any of them decrypts. Empty lines and lines that begin with # are ignored.
package keyring

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// MaxKeys bounds the keys of a keyring. Each of them costs work for every packet that
	// cannot be decrypted.
	MaxKeys = limits.MaxKeys
	// maxSize bounds a keyring in bytes, comments included.
	maxSize = 16 << 10
)

// Errors of keyrings and their changes.
var (
	// ErrNoKeyring: the node was started without keys.
	ErrNoKeyring = errors.New("this node has no keyring")
	// ErrBadKey: a text or bytes are not a key.
	ErrBadKey = errors.New("bad key")
	// ErrUnknownKey: the key is not in the keyring.
	ErrUnknownKey = errors.New("no such key in the keyring")
	// ErrKeyInUse: the key is the one that encrypts, so it cannot be removed.
	ErrKeyInUse = errors.New("the key is in use")
	// ErrFull: the keyring has MaxKeys keys.
	ErrFull = errors.New("the keyring is full")
)

// ID returns the key ID, which does not reveal the key: 16 hexadecimal digits, derived by
// HKDF (RFC 5869).
func ID(k wire.Key) string {
	id, err := hkdf.Key(sha256.New, k[:], nil, "tamtam key id", 8)
	if err != nil {
		panic(err) // the size is constant
	}
	return hex.EncodeToString(id)
}

// Generate returns a new random key as text for a keyring.
func Generate() string {
	var k wire.Key
	_, _ = rand.Read(k[:]) // never fails
	return encode(k)
}

func encode(k wire.Key) string { return base64.StdEncoding.EncodeToString(k[:]) }

// Decode parses one key. It fails with ErrBadKey; the error has nothing of the text.
func Decode(text string) (k wire.Key, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return k, fmt.Errorf("%w: it is not base64", ErrBadKey)
	case len(b) != len(k):
		return k, fmt.Errorf("%w: it has %d bytes, want %d", ErrBadKey, len(b), len(k))
	}
	copy(k[:], b)
	if k == (wire.Key{}) {
		return k, fmt.Errorf("%w: all its bytes are zero", ErrBadKey)
	}
	return k, nil
}

// Parse parses a keyring of 1 to MaxKeys keys. Outside comments a comma ends a line too,
// since a variable of the environment has only one line.
func Parse(text string) ([]wire.Key, error) {
	var keys []wire.Key
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for j, entry := range strings.Split(line, ",") {
			if entry = strings.TrimSpace(entry); entry == "" {
				continue
			}
			k, err := Decode(entry)
			if err == nil && slices.Contains(keys, k) {
				err = fmt.Errorf("%w: it is a duplicate", ErrBadKey)
			}
			if err != nil {
				return nil, fmt.Errorf("line %d, entry %d: %w", i+1, j+1, err)
			}
			keys = append(keys, k)
		}
	}
	switch {
	case len(keys) == 0:
		return nil, fmt.Errorf("it has no key: want 1 to %d, each 32 bytes in base64, as tamtamctl keys generate prints them",
			MaxKeys)
	case len(keys) > MaxKeys:
		return nil, fmt.Errorf("it has %d keys, want at most %d", len(keys), MaxKeys)
	}
	return keys, nil
}

// read reads a keyring file; see files.ReadSecret.
func read(path string) ([]wire.Key, error) {
	b, err := files.ReadSecret(path, maxSize)
	if err != nil {
		return nil, err
	}
	keys, err := Parse(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// Ring is a keyring. Its methods may be called from any goroutine.
type Ring struct {
	file    string // "" if the keys come from the environment
	changed func([]wire.Key)

	mu   sync.Mutex // guards the rest, and the file; held while changed is called
	keys []wire.Key
}

// Load returns the keyring in a file. Changes are written to the file.
func Load(file string) (*Ring, error) {
	keys, err := read(file)
	if err != nil {
		return nil, err
	}
	return &Ring{file: file, keys: keys}, nil
}

// FromText returns the keyring in a text. Its changes are lost when the daemon ends.
func FromText(text string) (*Ring, error) {
	keys, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return &Ring{keys: keys}, nil
}

// OnChange makes the Ring call f with the keys after each change. f must not call the Ring.
// OnChange must be called before any change.
func (r *Ring) OnChange(f func([]wire.Key)) { r.changed = f }

// Keys returns the keys, the one that encrypts first.
func (r *Ring) Keys() []wire.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

// IDs returns the key IDs in the order of Keys.
func (r *Ring) IDs() []string {
	keys := r.Keys()
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = ID(k)
	}
	return ids
}

// Kept reports whether changes outlast the daemon.
func (r *Ring) Kept() bool { return r.file != "" }

// Install adds a key that decrypts. It does nothing if the ring has the key. It fails with
// ErrBadKey or ErrFull, or if the file cannot be written. A failed change, here as in the
// other methods, changes nothing.
func (r *Ring) Install(k wire.Key) error {
	if k == (wire.Key{}) {
		return fmt.Errorf("%w: all its bytes are zero", ErrBadKey)
	}
	return r.change(func(keys []wire.Key) ([]wire.Key, error) {
		switch {
		case slices.Contains(keys, k):
			return keys, nil
		case len(keys) >= MaxKeys:
			return nil, fmt.Errorf("%w: it has %d keys: remove one", ErrFull, len(keys))
		}
		return append(keys, k), nil
	})
}

// Use makes a key the one that encrypts. It fails with ErrUnknownKey.
func (r *Ring) Use(id string) error {
	return r.change(func(keys []wire.Key) ([]wire.Key, error) {
		i, err := find(keys, id)
		if err != nil {
			return nil, err
		}
		k := keys[i]
		return slices.Insert(slices.Delete(keys, i, i+1), 0, k), nil
	})
}

// Remove removes a key. It fails with ErrUnknownKey or ErrKeyInUse.
func (r *Ring) Remove(id string) error {
	return r.change(func(keys []wire.Key) ([]wire.Key, error) {
		i, err := find(keys, id)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			return nil, fmt.Errorf("%w: this node encrypts with %s: use another first", ErrKeyInUse, id)
		}
		return slices.Delete(keys, i, i+1), nil
	})
}

// Reload reads the file again. If that fails, the keys stay as they are.
func (r *Ring) Reload() error {
	if r.file == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keys, err := read(r.file)
	if err != nil {
		return err
	}
	r.setLocked(keys)
	return nil
}

func find(keys []wire.Key, id string) (int, error) {
	i := slices.IndexFunc(keys, func(k wire.Key) bool { return ID(k) == id })
	if i < 0 {
		return 0, fmt.Errorf("%w: %q", ErrUnknownKey, id)
	}
	return i, nil
}

// change calls f with a copy of the keys, writes the result to the file and puts it into
// force.
func (r *Ring) change(f func([]wire.Key) ([]wire.Key, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys, err := f(slices.Clone(r.keys))
	if err != nil || slices.Equal(keys, r.keys) {
		return err
	}
	if r.file != "" {
		path, err := filepath.EvalSymlinks(r.file)
		if err != nil {
			path = r.file // the file is gone
		}
		if err := files.Replace(path, text(keys)); err != nil {
			return fmt.Errorf("write the keyring: %w%s", err, hint(err))
		}
	}
	r.setLocked(keys)
	return nil
}

// hint says what helps if the keyring is one that cannot be written, such as a credential of
// systemd or a mounted secret.
func hint(err error) string {
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return ": this node's keyring is read-only, so change it at its source, and restart the node"
	}
	return ""
}

// setLocked puts keys into force.
func (r *Ring) setLocked(keys []wire.Key) {
	if !slices.Equal(keys, r.keys) {
		r.keys = keys
		r.changed(slices.Clone(keys))
	}
}

func text(keys []wire.Key) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# Keys of the cluster. The first encrypts, all decrypt. Written by tamtamd.")
	for _, k := range keys {
		fmt.Fprintln(&b, encode(k))
	}
	return b.Bytes()
}
