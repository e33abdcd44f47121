// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// transportCredentials are how the connection to an address is secured.
func transportCredentials(g ctlflags.RPCGuard, to netaddr.RPC) (c credentials.TransportCredentials, encrypted bool, err error) {
	if to.Network == netaddr.Unix || !g.WantsTLS() {
		return insecure.NewCredentials(), false, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: g.ServerName}
	if g.CA != "" {
		pem, err := os.ReadFile(g.CA)
		if err != nil {
			return nil, false, fmt.Errorf("--rpc-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, false, fmt.Errorf("--rpc-ca: %s holds no certificate in PEM", g.CA)
		}
	}
	switch {
	case g.ClientCert != "" && g.ClientKey == "":
		return nil, false, errors.New("--rpc-client-cert without --rpc-client-key: give the key's file, too")
	case g.ClientCert == "" && g.ClientKey != "":
		return nil, false, errors.New("--rpc-client-key without --rpc-client-cert: give the certificate's file, too")
	case g.ClientCert != "":
		certificate, err := tls.LoadX509KeyPair(g.ClientCert, g.ClientKey)
		if err != nil {
			return nil, false, fmt.Errorf("--rpc-client-cert %s, --rpc-client-key %s: %w", g.ClientCert, g.ClientKey, err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return credentials.NewTLS(config), true, nil
}

// bearer puts the token into each call.
type bearer string

var _ credentials.PerRPCCredentials = bearer("")

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false, since gRPC knows of no connection that needs none:
// dialer looks at each.
func (bearer) RequireTransportSecurity() bool { return false }

// distrustError: client and daemon do not agree on how to talk, or one does not trust
// the other.
type distrustError struct {
	address, cause string
	// passing is set when it may be something else, that passes: a daemon that stops
	// just now, or has too many connections.
	passing bool
}

func (e *distrustError) Error() string {
	return fmt.Sprintf("no agreement with what is at %s: %s", e.address, e.cause)
}

// distrust finds in gRPC's words for a failed connection that it is one of trust, and
// says what to do, and whether it may be something else. It returns "" for others.
func distrust(message string, encrypted bool) (why string, passing bool) {
	const handshake = "authentication handshake failed: "
	cause := message
	if i := strings.LastIndex(cause, handshake); i >= 0 {
		cause = strings.TrimSuffix(cause[i+len(handshake):], `"`)
	} else if i := strings.LastIndex(cause, "remote error: tls: "); i >= 0 {
		cause = strings.TrimSuffix(cause[i:], `"`)
	}
	has := func(s string) bool { return strings.Contains(cause, s) }
	// Not a connection that had begun: that is a daemon that has ended.
	ended := !has("error reading from server") && (has("error reading server preface") || has("broken pipe") || has("connection reset"))
	switch {
	case !encrypted && ended:
		// To a server of TLS, what we say is noise; it ends the connection. So
		// does one that has too many.
		return "it ended the connection without a word: if it speaks TLS, give --rpc-ca or --rpc-tls; it may have too many connections, too", true
	case !encrypted:
		return "", false
	case has("first record does not look like a TLS handshake"):
		return "it speaks no TLS: leave out --rpc-tls, --rpc-ca, --rpc-client-cert and --rpc-server-name", false
	case has("unknown authority"):
		return cause + ": give the authority of its certificate with --rpc-ca", false
	case has("certificate is valid for"), has("doesn't contain any IP SANs"), has("is not valid for any names"):
		return cause + ": give a name that is in its certificate with --rpc-server-name", false
	case has("certificate required"), has("bad certificate") && has("remote error"):
		return "it wants a certificate of this client that it trusts: give --rpc-client-cert and --rpc-client-key", false
	case has("remote error: tls: "):
		return "it does not take the certificate of this client: " + strings.TrimPrefix(cause, "remote error: tls: "), false
	case has("tls: "), has("x509: "):
		return cause, false
	case ended:
		// It says why, but may be heard too late: in TLS 1.3 the client is the
		// first who has all that it needs, and goes on.
		return "it ended the connection: if it wants a certificate of this client, give one that it trusts with --rpc-client-cert and --rpc-client-key; it may have too many connections, too", true
	}
	return "", false
}
