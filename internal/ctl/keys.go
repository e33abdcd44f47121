// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/operator"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// keySize is the size of a key of the cluster, in bytes.
const keySize = limits.KeySize

func keysCommand(a *app) *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "keys",
		ShortUsage: "tamtamctl keys generate|list|install|use|remove",
		ShortHelp:  "Generate, list and change the keys that encrypt the gossip of the cluster.",
		LongHelp: `A node encrypts with the first key of its keyring, and decrypts with all of them. So
keys change without an outage: install the new one everywhere, use it everywhere, then
remove the old one. A key has an ID of 16 digits. Only generate prints a key, and no
command takes a key as an argument.

  tamtamctl keys generate | tamtamctl keys install -
  tamtamctl keys use ID
  tamtamctl keys remove OLDID

A member that is away during a change misses it. It cannot rejoin until its keyring
file has been updated by hand. After a leak, update all files by hand: a key that is
installed travels encrypted with the present key, so the holder of that can read it.`,
		Subcommands: []*ffcli.Command{
			keysGenerateCommand(a),
			keysListCommand(a),
			keysInstallCommand(a),
			keysUseCommand(a),
			keysRemoveCommand(a),
		},
	})
	c.Exec = group(c, "tamtamctl keys")
	return c
}

func keysGenerateCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "generate",
		ShortUsage: "tamtamctl keys generate",
		ShortHelp:  "Print a new key, for a keyring file or to install.",
		LongHelp: `Needs no daemon. Put the first key of a cluster into a file on each node by hand:

  (umask 077; tamtamctl keys generate > /etc/tamtam/keyring)
  tamtamd --keyring-file /etc/tamtam/keyring`,
		Exec: func(_ context.Context, args []string) error {
			if err := arg.None("keys generate", args); err != nil {
				return err
			}
			var k [keySize]byte
			_, _ = rand.Read(k[:]) // never fails
			text := base64.StdEncoding.EncodeToString(k[:])
			return a.print(output.Key{Key: text}, func(w io.Writer) { fmt.Fprintln(w, text) })
		},
	})
}

func keysListCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "list",
		ShortUsage: "tamtamctl keys list",
		ShortHelp:  "Show the keys of each member, and the members that did not answer.",
		LongHelp: `A member encrypts with its first key. Exit status 1 if a live member did not answer, or
the members do not have the same keys.`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("keys list", args); err != nil {
				return err
			}
			return callKeys(ctx, a, a.client(), func(ctx context.Context, c *client.Conn) (string, []*tamtamv1.MemberKeys, error) {
				r, err := c.ListKeys(ctx, &tamtamv1.ListKeysRequest{})
				return "", r.GetMembers(), err
			})
		},
	})
}

func keysInstallCommand(a *app) *ffcli.Command {
	var sign signer
	fs := flag.NewFlagSet("install", flag.ContinueOnError)
	sign.register(fs)
	return a.command(&ffcli.Command{
		Name:       "install",
		ShortUsage: "tamtamctl keys install [--operator-key FILE] FILE",
		FlagSet:    fs,
		ShortHelp:  "Add a key to all keyrings, to decrypt with.",
		LongHelp: `FILE holds the key as generate prints it; - is standard input. Prints the key ID. No
node encrypts with the key before keys use. The key travels encrypted with the present
key of the cluster, and to the daemon over the connection of --rpc.

  tamtamctl keys generate | tamtamctl keys install -`,
		Exec: func(ctx context.Context, args []string) error {
			file, err := arg.One("keys install", "file", args)
			if err != nil {
				return err
			}
			key, err := readKey(ctx, a.In, file)
			if err != nil {
				return err
			}
			with := a.client()
			with.Secret = "key"
			return callKeys(ctx, a, with, func(ctx context.Context, c *client.Conn) (string, []*tamtamv1.MemberKeys, error) {
				signed, err := sign.keys(ctx, c, operator.Install, operator.KeyHash(key))
				if err != nil {
					return "", nil, err
				}
				r, err := c.InstallKey(ctx, &tamtamv1.InstallKeyRequest{Key: key, Signature: signed})
				return r.GetKey(), r.GetMembers(), err
			})
		},
	})
}

func keysUseCommand(a *app) *ffcli.Command {
	return keyCommand(a, "use", "Have all members encrypt with an installed key.",
		`Changes nothing if a live member does not confirm that it has the key, as it could no
longer decrypt the packets of the others. --force changes the key all the same.`,
		func(ctx context.Context, c *client.Conn, name string, force bool, sign *signer) ([]*tamtamv1.MemberKeys, error) {
			signed, err := sign.keys(ctx, c, operator.Use, name)
			if err != nil {
				return nil, err
			}
			r, err := c.UseKey(ctx, &tamtamv1.UseKeyRequest{Key: name, Force: force, Signature: signed})
			return r.GetMembers(), err
		})
}

func keysRemoveCommand(a *app) *ffcli.Command {
	return keyCommand(a, "remove", "Remove a key from all keyrings.",
		`Changes nothing if a live member does not confirm that it encrypts with another key, as
the others could no longer decrypt its packets. --force removes the key all the same.`,
		func(ctx context.Context, c *client.Conn, name string, force bool, sign *signer) ([]*tamtamv1.MemberKeys, error) {
			signed, err := sign.keys(ctx, c, operator.Remove, name)
			if err != nil {
				return nil, err
			}
			r, err := c.RemoveKey(ctx, &tamtamv1.RemoveKeyRequest{Key: name, Force: force, Signature: signed})
			return r.GetMembers(), err
		})
}

// keyCommand returns a command about a key ID.
func keyCommand(a *app, name, short, long string, call func(context.Context, *client.Conn, string, bool, *signer) ([]*tamtamv1.MemberKeys, error)) *ffcli.Command {
	var sign signer
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	sign.register(fs)
	force := fs.Bool("force", false, "do it, even if a live member is locked out")
	return a.command(&ffcli.Command{
		Name:       name,
		ShortUsage: "tamtamctl keys " + name + " [--force] [--operator-key FILE] ID",
		ShortHelp:  short,
		LongHelp:   long,
		FlagSet:    fs,
		Exec: func(ctx context.Context, args []string) error {
			key, err := arg.One("keys "+name, "key ID", args)
			if err != nil {
				return err
			}
			return callKeys(ctx, a, a.client(), func(ctx context.Context, c *client.Conn) (string, []*tamtamv1.MemberKeys, error) {
				nodes, err := call(ctx, c, key, *force, &sign)
				return key, nodes, err
			})
		},
	})
}

// maxKeyFile is more than a key with white space takes, in bytes.
const maxKeyFile = 1024

// readKey reads a key from a file, or stdin for "-". Errors do not contain the key.
func readKey(ctx context.Context, stdin io.Reader, file string) ([]byte, error) {
	in := stdin
	if file == "-" {
		file = "standard input"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := readAll(ctx, io.LimitReader(in, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%s does not hold a key: want %d bytes in base64, as tamtamctl keys generate prints them", file, keySize)
	}
	return key, nil
}
