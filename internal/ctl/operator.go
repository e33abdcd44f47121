// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/operator"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func operatorCommand(a *app) *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "operator",
		ShortUsage: "tamtamctl operator generate FILE",
		ShortHelp:  "Make the key of an operator, who alone may remove members and change keys.",
		LongHelp: `The private half stays with the operator, and goes to no daemon: remove and keys sign with
it. The public half is for --operator-key of all nodes.`,
	})
	c.Subcommands = []*ffcli.Command{operatorGenerateCommand(a)}
	c.Exec = group(c, "tamtamctl operator")
	return c
}

func operatorGenerateCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "generate",
		ShortUsage: "tamtamctl operator generate FILE",
		ShortHelp:  "Write a new key: the private half to FILE, the public half to FILE.pub.",
		LongHelp: `Needs no daemon. Files that exist are not replaced.

  tamtamctl operator generate ~/.config/tamtam/operator
  tamtamctl remove --operator-key ~/.config/tamtam/operator 192.0.2.1:9999`,
		Exec: func(_ context.Context, args []string) error {
			file, err := arg.One("operator generate", "file", args)
			if err != nil {
				return err
			}
			private, public := operator.Generate()
			if err := create(file+".pub", public, 0o644); err != nil {
				return err
			}
			if err := create(file, private, 0o600); err != nil {
				_ = os.Remove(file + ".pub") // it was made just now
				return err
			}
			fmt.Fprintf(a.Err, "tamtamctl: %s is the private half: keep it; give %s.pub to all nodes as --operator-key\n", file, file)
			return a.print(output.OperatorKey{Private: file, Public: file + ".pub"}, func(io.Writer) {})
		},
	})
}

// create writes a new file.
func create(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// signer signs changes with the file of --operator-key; with none, it does not.
type signer struct{ file string }

// register defines the flag. It has no variable and no key of the file: the daemon's flag of the
// name takes the public half.
func (s *signer) register(fs *flag.FlagSet) {
	fs.StringVar(&s.file, "operator-key", "", "sign with the private key in this `file`; it is not sent")
}

// removal signs the removal of a member, as it is now.
func (s *signer) removal(ctx context.Context, c *client.Conn, m *tamtamv1.Member) (*tamtamv1.OperatorSignature, error) {
	if s.file == "" {
		return nil, nil
	}
	key, cluster, err := s.read(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := netip.ParseAddrPort(m.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("member %q: %w", m.GetAddress(), err)
	}
	return signature(key.SignRemoval(operator.Removal{Cluster: cluster, Member: a, Session: m.GetSession()}), time.Now()), nil
}

// keys signs a change of keys.
func (s *signer) keys(ctx context.Context, c *client.Conn, action, key string) (*tamtamv1.OperatorSignature, error) {
	if s.file == "" {
		return nil, nil
	}
	private, cluster, err := s.read(ctx, c)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return signature(private.SignKeyChange(operator.KeyChange{Cluster: cluster, Action: action, Key: key, Issued: now}), now), nil
}

// read reads the key, and asks for the name of the cluster.
func (s *signer) read(ctx context.Context, c *client.Conn) (operator.Private, string, error) {
	key, err := operator.ReadPrivate(s.file)
	if err != nil {
		return key, "", fmt.Errorf("--operator-key: %w", err)
	}
	self, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
	return key, self.GetClusterName(), err
}

func signature(b []byte, at time.Time) *tamtamv1.OperatorSignature {
	return &tamtamv1.OperatorSignature{Signature: b, Issued: timestamppb.New(at)}
}
