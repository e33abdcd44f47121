// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctlflags

import (
	"flag"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/settings"
)

// RPCGuard says how client and daemon authenticate each other.
type RPCGuard = settings.Guard

func (f *Flags) registerRPC(fs *flag.FlagSet) {
	g := &f.RPCGuard
	fs.Var(rpc{&f.RPC}, "rpc", "`address` of tamtamd's gRPC server, host:port or unix:///path; of several, the first")
	fs.BoolVar(&g.TLS, "rpc-tls", g.TLS, "use TLS; implied by --rpc-ca, --rpc-client-cert and --rpc-server-name")
	fs.StringVar(&g.CA, "rpc-ca", g.CA, "PEM `file` with the CAs that may have signed the daemon's certificate (default: the CAs of this system)")
	fs.StringVar(&g.ClientCert, "rpc-client-cert", g.ClientCert, "PEM `file` with the certificate of this client; needs --rpc-client-key")
	fs.StringVar(&g.ClientKey, "rpc-client-key", g.ClientKey, "PEM `file` with the key of --rpc-client-cert")
	fs.StringVar(&g.ServerName, "rpc-server-name", g.ServerName, "`name` in the daemon's certificate (default: the host of --rpc)")
	fs.StringVar(&g.TokenFile, "rpc-token-file", g.TokenFile, "`file` with the token for all calls in its first line; no other user may read the file")
	fs.BoolVar(&g.Insecure, "rpc-insecure", g.Insecure, "send tokens and keys to other machines without TLS, too, and to ports of this one without a warning")
}

// Connection returns the variables that make another client connect as one with these flags does,
// by name. The value is empty for one that must not be set.
func (f *Flags) Connection() map[string]string {
	own := *f // Register may write
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	own.registerRPC(fs)
	vars := map[string]string{}
	fs.VisitAll(func(f *flag.Flag) { vars[config.EnvName(f.Name)] = f.Value.String() })
	return vars
}

// rpc takes all values of tamtamd's --rpc, even port 0, and of several addresses the first: a
// file that serves both programs must not stop the client from, say, printing its version.
type rpc struct{ p *string }

func (v rpc) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v rpc) Set(s string) error {
	all, err := netaddr.ParseRPCs(s)
	if err == nil {
		*v.p = all[0].String()
	}
	return err
}

// FirstOfList makes it a config.FirstOfList.
func (v rpc) FirstOfList() {}
