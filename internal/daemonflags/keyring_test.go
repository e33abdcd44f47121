// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/config"
)

// TestKeyringFile: an empty name is refused, since the daemon would gossip in clear.
func TestKeyringFile(t *testing.T) {
	if f, err := parse("--keyring-file", "k"); err != nil || f.KeyringFile != "k" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := parse(); err != nil || f.KeyringFile != "" {
		t.Errorf("%+v, %v", f, err)
	}
	for _, args := range [][]string{{"--keyring-file", ""}, {"--keyring-file="}} {
		if _, err := parse(args...); err == nil || !strings.Contains(err.Error(), "keyring-file") || !strings.Contains(err.Error(), "leave it out") {
			t.Errorf("%q: %v", args, err)
		}
	}
	t.Setenv("HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	if err := os.WriteFile(file, []byte("keyring-file: \"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	Register(fs)
	if err := config.Parse(fs, []string{"--config", file}, Short(), nil); err == nil || !strings.Contains(err.Error(), "keyring-file") {
		t.Errorf("an empty value in a file: %v", err)
	}
	if KeyringEnv != config.EnvName(Keyring) {
		t.Errorf("%s is looked for, want %s", KeyringEnv, config.EnvName(Keyring))
	}
}

// TestEmptyVariables: one that was not filled in does not mean that there is nothing to be
// guarded. A flag counts more.
func TestEmptyVariables(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"keyring-file", "rpc-cert", "rpc-key", "rpc-client-ca", "rpc-token-file", "rpc-read-token-file"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(config.EnvName(name), "")
			parse := func(args ...string) error {
				fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
				fs.SetOutput(io.Discard)
				Register(fs)
				return config.Parse(fs, args, Short(), nil)
			}
			if err := parse(); err == nil || !strings.Contains(err.Error(), config.EnvName(name)) || !strings.Contains(err.Error(), "leave it out") {
				t.Errorf("without the flag: %v", err)
			}
			if err := parse("--"+name, "x"); err != nil {
				t.Errorf("with the flag: %v", err)
			}
		})
	}
	t.Setenv("TAMTAM_PORT", "") // guards nothing
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	if Register(fs); config.Parse(fs, nil, Short(), nil) != nil {
		t.Error("an empty variable of another flag is refused")
	}
}
