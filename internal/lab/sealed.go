// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// sealed is tamtamd with keys: each node has a keyring of its own, which it writes when
// keys change.
type sealed struct {
	*tamtam
	dir string
}

// newSealed writes the keyrings to a new directory, which remove removes.
func newSealed(t *tamtam) (*sealed, error) {
	dir, err := os.MkdirTemp("", "ttlab-keys-")
	if err != nil {
		return nil, err
	}
	s := &sealed{tamtam: t, dir: dir}
	key := newKey()
	text := base64.StdEncoding.EncodeToString(key[:]) + "\n"
	for i := range t.net.hosts {
		if err := os.WriteFile(s.keyring(i), []byte(text), 0o600); err != nil {
			s.remove()
			return nil, err
		}
	}
	return s, nil
}

func newKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}

func (s *sealed) keyring(i int) string { return filepath.Join(s.dir, fmt.Sprint(i)) }

func (s *sealed) remove() { _ = os.RemoveAll(s.dir) } // a leftover does no harm

func (s *sealed) start(ctx context.Context, i int) error {
	return s.startWith(ctx, i, "--keyring-file", s.keyring(i))
}

func (s *sealed) keys(i int) tamtamv1.TamTamServiceClient {
	return tamtamv1.NewTamTamServiceClient(s.conns[i].Load())
}
