// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// RPCGuard restricts the gRPC port. All fields but Insecure are paths of files, which the
// daemon reads again when they change.
type RPCGuard struct {
	Cert, Key     string // "": without TLS
	ClientCA      string // "": clients need no certificate
	TokenFile     string // "": with ReadTokenFile, nobody may change things; without it, everybody
	ReadTokenFile string
	Insecure      bool
}

// registerRPC defines the flags of the gRPC port. Daemon and client can share a file. So
// if the client has a flag with the same name, one value must suit both; certificates
// differ, so their flags have different names.
func (f *Flags) registerRPC(fs *flag.FlagSet) {
	f.RPC = []netaddr.RPC{{Network: netaddr.TCP, Addr: netaddr.DefaultRPC}}
	fs.Var(&rpcValue{p: &f.RPC}, "rpc", "`address` to serve gRPC on, host:port, port 0 for any free one, or unix:///path of a socket; repeatable and comma separated")
	g := &f.RPCGuard
	fs.Var(fileValue{&g.Cert}, "rpc-cert", "PEM `file` with the certificate chain of this daemon: gRPC then uses TLS only, except on unix sockets; requires --rpc-key")
	fs.Var(fileValue{&g.Key}, "rpc-key", "PEM `file` with the key of --rpc-cert")
	fs.Var(fileValue{&g.ClientCA}, "rpc-client-ca", "PEM `file` with the CAs that must have signed clients' certificates (default: clients need no certificate)")
	fs.Var(fileValue{&g.TokenFile}, "rpc-token-file", "`file` with the tokens, one per line, of which each call must carry one; no other user may read the file")
	fs.Var(fileValue{&g.ReadTokenFile}, "rpc-read-token-file", "`file` with tokens for calls that change nothing; without --rpc-token-file, all other calls are refused")
	fs.BoolVar(&g.Insecure, "rpc-insecure", false, "also serve gRPC without TLS on addresses that other machines can reach")
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
		return errors.New("--rpc-client-ca without --rpc-cert and --rpc-key: client certificates need TLS")
	}
	return nil
}

// rpcValue is a list of addresses to listen on. The first Set replaces the default; later
// ones append.
type rpcValue struct {
	p   *[]netaddr.RPC
	set bool
}

var _ config.List = (*rpcValue)(nil)

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

// SetItem makes it a config.List.
func (v *rpcValue) SetItem(s string) error { return v.Set(s) }

func (v *rpcValue) Set(s string) error {
	all, err := netaddr.ParseRPCs(s)
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
