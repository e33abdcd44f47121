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

	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// keySize is the size of a key of the cluster, in bytes.
const keySize = limits.KeySize

func (a *app) keysCommand() *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "keys",
		ShortUsage: "tamtamctl keys generate|list|install|use|remove",
		ShortHelp:  "Make, list and change the keys that seal the gossip of the cluster.",
		LongHelp: `The first key of a keyring seals what a node sends; all of them open what it gets. So
keys change without an outage: install the new one everywhere, use it everywhere, then
remove the old one. A key goes by a name of 16 digits; none is ever printed but by
generate, and none is ever an argument.

  tamtamctl keys generate | tamtamctl keys install -
  tamtamctl keys use NAME
  tamtamctl keys remove OLDNAME

A member that is away while keys change misses them. It is not let in again before its
keyring file has been brought up to date by hand. So are all files after a leak: a key
that is installed travels sealed with the present one, and who has that can read it.`,
		Subcommands: []*ffcli.Command{
			a.keysGenerateCommand(),
			a.keysListCommand(),
			a.keysInstallCommand(),
			a.keysUseCommand(),
			a.keysRemoveCommand(),
		},
	})
	c.Exec = group(c, "tamtamctl keys")
	return c
}

func (a *app) keysGenerateCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "generate",
		ShortUsage: "tamtamctl keys generate",
		ShortHelp:  "Print a new key, for a keyring file or to be installed.",
		LongHelp: `Asks no daemon. The first key of a cluster is put into a file on each node by hand:

  (umask 077; tamtamctl keys generate > /etc/tamtam/keyring)
  tamtamd --keyring-file /etc/tamtam/keyring`,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return &usageError{"tamtamctl keys generate", fmt.Sprintf("keys generate takes no argument, not %q", args[0])}
			}
			var k [keySize]byte
			_, _ = rand.Read(k[:]) // never fails
			text := base64.StdEncoding.EncodeToString(k[:])
			return a.print(map[string]string{"key": text}, func(w io.Writer) { fmt.Fprintln(w, text) })
		},
	})
}

func (a *app) keysListCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "list",
		ShortUsage: "tamtamctl keys list",
		ShortHelp:  "Show which member has which keys, and who did not answer.",
		LongHelp: `The first key of a member is the one that it seals with. Exits with 1 when a live
member did not answer, or members have not the same keys.`,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return &usageError{"tamtamctl keys list", fmt.Sprintf("keys list takes no argument, not %q", args[0])}
			}
			return a.keys(ctx, func(ctx context.Context, c *api) (string, []*tamtamv1.MemberKeys, error) {
				r, err := c.ListKeys(ctx, &tamtamv1.ListKeysRequest{})
				return "", r.GetMembers(), err
			})
		},
	})
}

func (a *app) keysInstallCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "install",
		ShortUsage: "tamtamctl keys install FILE",
		ShortHelp:  "Add a key to all keyrings, so that it opens.",
		LongHelp: `FILE holds the key as generate prints it; - is standard input. The name of the key is
told. Nothing is sealed with it before keys use. It travels sealed with the present key
of the cluster, and to the daemon as --rpc says.

  tamtamctl keys generate | tamtamctl keys install -`,
		Exec: func(ctx context.Context, args []string) error {
			file, err := oneArgument("keys install", "file", args)
			if err != nil {
				return err
			}
			key, err := a.readKey(ctx, file)
			if err != nil {
				return err
			}
			a.secret = "key"
			return a.keys(ctx, func(ctx context.Context, c *api) (string, []*tamtamv1.MemberKeys, error) {
				r, err := c.InstallKey(ctx, &tamtamv1.InstallKeyRequest{Key: key})
				return r.GetKey(), r.GetMembers(), err
			})
		},
	})
}

func (a *app) keysUseCommand() *ffcli.Command {
	return a.keyCommand("use", "Have all members seal with a key that they have.",
		`Changes nothing when some live member does not tell that it has the key: it could not
read the others any more. With --force, it is left behind.`,
		func(ctx context.Context, c *api, name string, force bool) ([]*tamtamv1.MemberKeys, error) {
			r, err := c.UseKey(ctx, &tamtamv1.UseKeyRequest{Key: name, Force: force})
			return r.GetMembers(), err
		})
}

func (a *app) keysRemoveCommand() *ffcli.Command {
	return a.keyCommand("remove", "Remove a key from all keyrings.",
		`Changes nothing when some live member does not tell that it seals with another: the
others would not hear it any more. With --force, it is left behind.`,
		func(ctx context.Context, c *api, name string, force bool) ([]*tamtamv1.MemberKeys, error) {
			r, err := c.RemoveKey(ctx, &tamtamv1.RemoveKeyRequest{Key: name, Force: force})
			return r.GetMembers(), err
		})
}

// keyCommand is a command about a key by its name.
func (a *app) keyCommand(name, short, long string, call func(context.Context, *api, string, bool) ([]*tamtamv1.MemberKeys, error)) *ffcli.Command {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	force := fs.Bool("force", false, "do it, whoever is left behind")
	return a.command(&ffcli.Command{
		Name:       name,
		ShortUsage: "tamtamctl keys " + name + " [--force] NAME",
		ShortHelp:  short,
		LongHelp:   long,
		FlagSet:    fs,
		Exec: func(ctx context.Context, args []string) error {
			key, err := oneArgument("keys "+name, "name of a key", args)
			if err != nil {
				return err
			}
			return a.keys(ctx, func(ctx context.Context, c *api) (string, []*tamtamv1.MemberKeys, error) {
				nodes, err := call(ctx, c, key, *force)
				return key, nodes, err
			})
		},
	})
}

// maxKeyFile in bytes is more than any key with its white space takes.
const maxKeyFile = 1024

// readKey reads a key of a file, or of standard input. What is wrong with it is told
// without it.
func (a *app) readKey(ctx context.Context, file string) ([]byte, error) {
	in := a.In
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
		return nil, fmt.Errorf("%s holds no key: want one, %d bytes in base64, as tamtamctl keys generate prints it", file, keySize)
	}
	return key, nil
}
