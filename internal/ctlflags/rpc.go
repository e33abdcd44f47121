// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctlflags

import (
	"flag"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// RPCGuard is how the daemon is known, and the client to it.
type RPCGuard struct {
	TLS        bool   // with the system's authorities, if there is no CA
	CA         string // file; so are those below
	ClientCert string
	ClientKey  string
	ServerName string // no file: the name in the daemon's certificate
	TokenFile  string
	Insecure   bool // the token may go where others can read it
}

// WantsTLS tells whether TLS is spoken, except to a unix socket.
func (g RPCGuard) WantsTLS() bool {
	return g.TLS || g.CA != "" || g.ClientCert != "" || g.ClientKey != "" || g.ServerName != ""
}

func (f *Flags) registerRPC(fs *flag.FlagSet) {
	g := &f.RPCGuard
	fs.Var(rpc{&f.RPC}, "rpc", "`address` that tamtamd serves gRPC on, host:port or unix:///path; the first of several")
	fs.BoolVar(&g.TLS, "rpc-tls", g.TLS, "speak TLS, as any of --rpc-ca, --rpc-client-cert and --rpc-server-name does, too")
	fs.StringVar(&g.CA, "rpc-ca", g.CA, "PEM `file` with the authorities that the daemon's certificate may be of (default: those of this system)")
	fs.StringVar(&g.ClientCert, "rpc-client-cert", g.ClientCert, "PEM `file` with a certificate for this client; together with --rpc-client-key")
	fs.StringVar(&g.ClientKey, "rpc-client-key", g.ClientKey, "PEM `file` with the key of --rpc-client-cert")
	fs.StringVar(&g.ServerName, "rpc-server-name", g.ServerName, "`name` to find in the daemon's certificate (default: the host of --rpc)")
	fs.StringVar(&g.TokenFile, "rpc-token-file", g.TokenFile, "`file` with the token for each call in its first line; nobody else may read the file")
	fs.BoolVar(&g.Insecure, "rpc-insecure", g.Insecure, "send the token without TLS to other machines, too")
}

// rpc takes all that tamtamd's --rpc takes, and of several addresses the first; port 0,
// too: a file that serves both programs must not stop the client from, say, printing
// its version.
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
