// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package keyring keeps this node's keys of the cluster, and changes those of all its
// nodes. What is sealed with them, and how, is package wire's business.
//
// A keyring is text: a key a line, 32 bytes in base64; the first seals, all open. Empty
// lines and such that begin with # are left out.
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
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/atomicfile"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/regularfile"
)

const (
	// MaxKeys is how many keys a keyring may hold.
	MaxKeys = limits.MaxKeys
	// maxSize of a keyring in bytes, comments counted in.
	maxSize = 16 << 10
)

// What changes of a keyring fail with.
var (
	// ErrNoKeyring: the node was started without keys.
	ErrNoKeyring = errors.New("this node has no keyring")
	// ErrBadKey: a text is no key, or bytes are none.
	ErrBadKey = errors.New("bad key")
	// ErrUnknownKey: the keyring does not hold the key.
	ErrUnknownKey = errors.New("no such key in the keyring")
	// ErrKeyInUse: the key seals, so it cannot be removed.
	ErrKeyInUse = errors.New("the key is in use")
	// ErrFull: the keyring holds MaxKeys.
	ErrFull = errors.New("the keyring is full")
)

// ID names a key without telling it: 16 hexadecimal digits, derived by HKDF (RFC 5869).
func ID(k wire.Key) string {
	id, err := hkdf.Key(sha256.New, k[:], nil, "tamtam key id", 8)
	if err != nil {
		panic(err) // the size is constant
	}
	return hex.EncodeToString(id)
}

// Generate returns a new key as a keyring holds it.
func Generate() string {
	var k wire.Key
	_, _ = rand.Read(k[:]) // never fails
	return encode(k)
}

func encode(k wire.Key) string { return base64.StdEncoding.EncodeToString(k[:]) }

// Decode reads one key. Fails with ErrBadKey, and does not tell what it read.
func Decode(text string) (k wire.Key, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return k, fmt.Errorf("%w: it is not in base64", ErrBadKey)
	case len(b) != len(k):
		return k, fmt.Errorf("%w: it has %d bytes, want %d", ErrBadKey, len(b), len(k))
	}
	copy(k[:], b)
	if k == (wire.Key{}) {
		return k, fmt.Errorf("%w: all its bytes are zero", ErrBadKey)
	}
	return k, nil
}

// Parse reads a keyring of 1 to MaxKeys keys. Commas are taken for ends of lines, as
// a variable of the environment wants it, but not in comments.
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
				err = fmt.Errorf("%w: it stands there twice", ErrBadKey)
			}
			if err != nil {
				return nil, fmt.Errorf("line %d, entry %d: %w", i+1, j+1, err)
			}
			keys = append(keys, k)
		}
	}
	switch {
	case len(keys) == 0:
		return nil, fmt.Errorf("it holds no key: want 1 to %d, each 32 bytes in base64, as tamtamctl keys generate prints them", MaxKeys)
	case len(keys) > MaxKeys:
		return nil, fmt.Errorf("it holds %d keys, at most %d", len(keys), MaxKeys)
	}
	return keys, nil
}

// read reads a keyring file, which nobody but its owner may read.
func read(path string) ([]wire.Key, error) {
	b, info, err := regularfile.Read(path, maxSize+1)
	switch {
	case err != nil:
		return nil, err
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others may read %s, its mode is %04o: chmod 600 it", path, info.Mode().Perm())
	case len(b) > maxSize:
		return nil, fmt.Errorf("%s is over %d bytes", path, maxSize)
	}
	keys, err := Parse(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// Ring is a keyring. Its methods may be called from any goroutine.
type Ring struct {
	file    string // "" for one of the environment
	changed func([]wire.Key)

	mu   sync.Mutex // guards the rest, and the file; held while changed is called
	keys []wire.Key
}

// Load returns the keyring of a file.
func Load(file string) (*Ring, error) {
	keys, err := read(file)
	if err != nil {
		return nil, err
	}
	return &Ring{file: file, keys: keys}, nil
}

// FromText returns a keyring whose changes are lost when the daemon ends.
func FromText(text string) (*Ring, error) {
	keys, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return &Ring{keys: keys}, nil
}

// OnChange has f called with the keys after each change. It is to be called before any
// change.
func (r *Ring) OnChange(f func([]wire.Key)) { r.changed = f }

// Keys returns the keys, the one that seals first.
func (r *Ring) Keys() []wire.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

// IDs returns the names of the keys, the one that seals first.
func (r *Ring) IDs() []string {
	keys := r.Keys()
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = ID(k)
	}
	return ids
}

// Kept tells whether changes outlast the daemon.
func (r *Ring) Kept() bool { return r.file != "" }

// Install adds a key that opens. Nothing happens when it is there. Fails with ErrBadKey,
// ErrFull, or when the file cannot be written, and then changes nothing, as do the
// other changes.
func (r *Ring) Install(k wire.Key) error {
	if k == (wire.Key{}) {
		return fmt.Errorf("%w: all its bytes are zero", ErrBadKey)
	}
	return r.change(func(keys []wire.Key) ([]wire.Key, error) {
		switch {
		case slices.Contains(keys, k):
			return keys, nil
		case len(keys) >= MaxKeys:
			return nil, fmt.Errorf("%w: it holds %d keys: remove one", ErrFull, len(keys))
		}
		return append(keys, k), nil
	})
}

// Use has a key seal. Fails with ErrUnknownKey.
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

// Remove removes a key. Fails with ErrUnknownKey or ErrKeyInUse.
func (r *Ring) Remove(id string) error {
	return r.change(func(keys []wire.Key) ([]wire.Key, error) {
		i, err := find(keys, id)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			return nil, fmt.Errorf("%w: %s seals what this node sends: use another first", ErrKeyInUse, id)
		}
		return slices.Delete(keys, i, i+1), nil
	})
}

// Reload reads the file again. What is wrong with it is an error, and the keys stay.
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
	r.set(keys)
	return nil
}

func find(keys []wire.Key, id string) (int, error) {
	i := slices.IndexFunc(keys, func(k wire.Key) bool { return ID(k) == id })
	if i < 0 {
		return 0, fmt.Errorf("%w: %q", ErrUnknownKey, id)
	}
	return i, nil
}

// change makes a change, of a copy of the keys, and keeps it.
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
			path = r.file // it is gone; a link stays one
		}
		if err := atomicfile.Write(path, text(keys)); err != nil {
			return fmt.Errorf("keep the keyring: %w", err)
		}
	}
	r.set(keys)
	return nil
}

// set takes keys. mu is held.
func (r *Ring) set(keys []wire.Key) {
	if !slices.Equal(keys, r.keys) {
		r.keys = keys
		r.changed(slices.Clone(keys))
	}
}

func text(keys []wire.Key) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# Keys of the cluster. The first seals, all open. Written by tamtamd.")
	for _, k := range keys {
		fmt.Fprintln(&b, encode(k))
	}
	return b.Bytes()
}
