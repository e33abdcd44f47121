// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/rpcaddr"
)

// RPCGuard is who may use the gRPC port. All but Insecure are paths of files, which are
// read again when they change.
type RPCGuard struct {
	Cert, Key     string // "": without TLS
	ClientCA      string // "": clients need no certificate
	TokenFile     string // "": nobody may change things, if there is ReadTokenFile, else everybody
	ReadTokenFile string
	Insecure      bool
}

// registerRPC defines the flags of the gRPC port. Where the client has a flag of the
// same name, one value must do for both, as they may share a file: what is the
// daemon's certificate is not the client's, so those are named apart.
func (f *Flags) registerRPC(fs *flag.FlagSet) {
	f.RPC = []rpcaddr.Address{{Network: rpcaddr.TCP, Addr: rpcaddr.Default}}
	fs.Var(&rpcValue{p: &f.RPC}, "rpc", "`address` to serve gRPC on, host:port, port 0 for any free one, or unix:///path of a socket; repeatable and comma separated")
	g := &f.RPCGuard
	fs.Var(fileValue{&g.Cert}, "rpc-cert", "PEM `file` with the certificate chain of this daemon: gRPC over TLS alone, but for unix sockets; together with --rpc-key")
	fs.Var(fileValue{&g.Key}, "rpc-key", "PEM `file` with the key of --rpc-cert")
	fs.Var(fileValue{&g.ClientCA}, "rpc-client-ca", "PEM `file` with the authorities that clients' certificates must be of (default: clients need none)")
	fs.Var(fileValue{&g.TokenFile}, "rpc-token-file", "`file` with the token, in its first line, that each call must bear; nobody else may read the file")
	fs.Var(fileValue{&g.ReadTokenFile}, "rpc-read-token-file", "`file` with a token for calls that change nothing; by itself, it refuses all others")
	fs.BoolVar(&g.Insecure, "rpc-insecure", false, "serve gRPC without TLS on addresses that other machines reach, too")
}

func (f *Flags) checkRPC() error {
	g := f.RPCGuard
	switch {
	case len(f.RPC) > limits.MaxRPC:
		return fmt.Errorf("--rpc names %d addresses, at most %d", len(f.RPC), limits.MaxRPC)
	case g.Cert != "" && g.Key == "":
		return errors.New("--rpc-cert without --rpc-key: give the key's file, too")
	case g.Cert == "" && g.Key != "":
		return errors.New("--rpc-key without --rpc-cert: give the certificate's file, too")
	case g.ClientCA != "" && g.Cert == "":
		return errors.New("--rpc-client-ca without --rpc-cert and --rpc-key: certificates are shown over TLS alone")
	}
	return nil
}

// rpcValue is a list of addresses to listen on. The first Set replaces the default,
// and each other adds to it.
type rpcValue struct {
	p   *[]rpcaddr.Address
	set bool
}

var _ flag.Value = (*rpcValue)(nil)

func (v *rpcValue) String() string {
	if v == nil || v.p == nil {
		return ""
	}
	var all []string
	for _, a := range *v.p {
		all = append(all, a.String())
	}
	return strings.Join(all, ",")
}

func (v *rpcValue) Set(s string) error {
	all, err := rpcaddr.ParseList(s)
	if err != nil {
		return err
	}
	if !v.set {
		*v.p, v.set = nil, true
	}
	for _, a := range all {
		if !slices.Contains(*v.p, a) {
			*v.p = append(*v.p, a)
		}
	}
	return nil
}
