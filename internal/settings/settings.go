// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package settings reads how a client reaches its daemon, from the environment and from the file
// that TamTam's programs share, without the libraries for flags and YAML: programs that import
// package tamtam would need them, too. Package config reads all settings, with them.
package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Settings say where the daemon is, and how the two trust each other. They are the values of
// tamtamctl's flags --rpc and --rpc-….
type Settings struct {
	Address string // as package netaddr reads it
	Guard   Guard
}

// Guard says how client and daemon authenticate each other.
type Guard struct {
	TLS        bool   // with the CAs of the system, if CA is empty
	CA         string // file; so are those below
	ClientCert string
	ClientKey  string
	ServerName string // not a file: the name in the daemon's certificate
	TokenFile  string
	Insecure   bool // send tokens and keys without TLS
}

// WantsTLS reports whether to use TLS, except for a unix socket.
func (g Guard) WantsTLS() bool {
	return g.TLS || g.CA != "" || g.ClientCert != "" || g.ClientKey != "" || g.ServerName != ""
}

// EnvPrefix begins the names of TamTam's variables.
const EnvPrefix = "TAMTAM"

// EnvName returns the variable that sets a flag.
func EnvName(flag string) string {
	return EnvPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// systemFile is the configuration of the packaged daemon, which tells a client where it listens.
const systemFile = "/etc/tamtam/tamtam.yaml"

// DefaultFile returns the path of the file if --config names none: of the user, or if there is
// none, of the system. The file need not exist.
func DefaultFile() string {
	var files []string
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "tamtam", "tamtam.yaml"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".tamtam.yaml"))
	}
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	return systemFile
}

// maxFileBytes bounds the file.
const maxFileBytes = 1 << 20

// Read returns the settings of this process: a TAMTAM_RPC… variable, else a key of the file that
// TAMTAM_CONFIG names, or of the default one, else the default. An empty variable counts as none.
func Read() (Settings, error) {
	s := Settings{Address: netaddr.DefaultRPC}
	file, named := os.Getenv(EnvName("config")), true
	if file == "" {
		file, named = DefaultFile(), false
	}
	text, err := readFile(file)
	switch {
	case !named && errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return s, fmt.Errorf("read the configuration: %w", err)
	}
	values, err := parse(text)
	if err != nil {
		return s, fmt.Errorf("%s:%w", file, err)
	}
	for _, key := range keys {
		if v := os.Getenv(EnvName(key)); v != "" {
			if err := s.set(key, v); err != nil {
				return s, fmt.Errorf("invalid value %q for %s: %w", v, EnvName(key), err)
			}
		} else if v, ok := values[key]; ok {
			if err := s.set(key, v.text); err != nil {
				return s, fmt.Errorf("%s:%d: invalid value %q for key %s: %w", file, v.line, v.text, key, err)
			}
		}
	}
	return s, nil
}

func readFile(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(b) > maxFileBytes {
		err = fmt.Errorf("%s is over %d bytes: this is no configuration", file, maxFileBytes)
	}
	return string(b), err
}

// keys are the keys that are read, named as the flags.
var keys = []string{"rpc", "rpc-tls", "rpc-ca", "rpc-client-cert", "rpc-client-key", "rpc-server-name", "rpc-token-file", "rpc-insecure"}

// set sets a value as the flag does.
func (s *Settings) set(key, value string) (err error) {
	boolean := func(to *bool) error {
		v, err := strconv.ParseBool(value)
		if err != nil {
			return errors.New("want true or false")
		}
		*to = v
		return nil
	}
	switch key {
	case "rpc":
		all, err := netaddr.ParseRPCs(value)
		if err == nil {
			s.Address = all[0].String()
		}
		return err
	case "rpc-tls":
		return boolean(&s.Guard.TLS)
	case "rpc-insecure":
		return boolean(&s.Guard.Insecure)
	case "rpc-ca":
		s.Guard.CA = value
	case "rpc-client-cert":
		s.Guard.ClientCert = value
	case "rpc-client-key":
		s.Guard.ClientKey = value
	case "rpc-server-name":
		s.Guard.ServerName = value
	case "rpc-token-file":
		s.Guard.TokenFile = value
	}
	return nil
}
