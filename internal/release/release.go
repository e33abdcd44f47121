// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

type config struct {
	repository string
	out        string // emptied before
	platforms  []platform
	cache      string  // of compiled packages; empty: Go's own
	signer     *signer // nil: not signed
	log        io.Writer
}

// release makes all files from a commit.
func release(ctx context.Context, c config) error {
	work, err := os.MkdirTemp("", "tamtam-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	s, err := checkOut(ctx, c, filepath.Join(work, "src"))
	if err != nil {
		return err
	}
	if err := s.checkModules(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.log, "release: %s, of %s\n", s.version, s.time.Format("2006-01-02"))
	docs, err := s.documents(ctx, filepath.Join(work, "docs"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(c.out); err != nil {
		return err
	}
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}

	var built []program
	for _, p := range c.platforms {
		programs, err := s.build(ctx, p, filepath.Join(work, "bin", p.String()))
		if err != nil {
			return err
		}
		built = append(built, programs...)
		files := slices.Concat(entriesOf(programs), docs)
		if err := s.archive(c.out, p, files); err != nil {
			return err
		}
		if p.os == "linux" {
			if err := s.packages(c.out, p, filepath.Join(work, "stage", p.String()), files); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.log, "release: %s\n", p)
	}
	wheel, err := s.wheel()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.out, wheel.name), wheel.data, 0o644); err != nil {
		return err
	}
	sbom, err := s.sbom(built, wheel)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.out, "tamtam_"+s.number()+".cdx.json"), sbom, 0o644); err != nil {
		return err
	}
	if err := sums(c.out); err != nil || c.signer == nil {
		return err
	}
	fmt.Fprintf(c.log, "release: SHA256SUMS signed; public key %s\n", c.signer.public())
	return c.signer.signSums(c.out, s.version, s.time)
}

// sums writes SHA256SUMS, as sha256sum -c reads it.
func sums(dir string) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), b.Bytes(), 0o644)
}

// reproduce makes a release twice and compares. The second build has an empty cache: with the
// first one's, a dependency on the directory would not show.
func reproduce(ctx context.Context, repository string, chosen []platform, log io.Writer) error {
	work, err := os.MkdirTemp("", "tamtam-release-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	first, second := filepath.Join(work, "first"), filepath.Join(work, "second")
	for _, c := range []config{
		{repository: repository, out: first, platforms: chosen, log: log},
		{repository: repository, out: second, platforms: chosen, log: log, cache: filepath.Join(work, "cache")},
	} {
		if err := release(ctx, c); err != nil {
			return err
		}
	}
	n, err := compare(first, second)
	if err == nil {
		fmt.Fprintf(log, "release: %d files came out twice the same\n", n)
	}
	return err
}

// compare returns the number of files in two directories. They must have the same content.
func compare(first, second string) (int, error) {
	var all [2]map[string][]byte
	for i, dir := range []string{first, second} {
		all[i] = map[string][]byte{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return 0, err
		}
		for _, e := range entries {
			if all[i][e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				return 0, err
			}
		}
	}
	var errs []error
	for name, data := range all[0] {
		if again, there := all[1][name]; !there || !bytes.Equal(data, again) {
			errs = append(errs, fmt.Errorf("%s came out differently", name))
		}
	}
	if len(all[0]) != len(all[1]) {
		errs = append(errs, fmt.Errorf("%d files, then %d", len(all[0]), len(all[1])))
	}
	return len(all[0]), errors.Join(errs...)
}
