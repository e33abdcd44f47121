// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/settings"
)

// transportCredentials returns how the connection to an address is secured.
func transportCredentials(g settings.Guard, to netaddr.RPC) (c credentials.TransportCredentials, encrypted bool, err error) {
	if to.Network == netaddr.Unix || !g.WantsTLS() {
		return insecure.NewCredentials(), false, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: g.ServerName}
	if g.CA != "" {
		pem, err := files.ReadTrusted(g.CA, maxFile)
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
		return nil, false, errors.New("--rpc-client-cert without --rpc-client-key: give the file of the key")
	case g.ClientCert == "" && g.ClientKey != "":
		return nil, false, errors.New("--rpc-client-key without --rpc-client-cert: give the file of the certificate")
	case g.ClientCert != "":
		certificate, err := keyPair(g.ClientCert, g.ClientKey)
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

// RequireTransportSecurity is false, as gRPC cannot know which connections need none. The
// dialer checks each.
func (bearer) RequireTransportSecurity() bool { return false }

// distrust recognizes a failed connection that failed for want of trust, by gRPC's message.
// It returns what to do, and whether the cause may be another one, which passes; "" for other
// failures.
func distrust(message string, encrypted bool) (why string, passing bool) {
	const handshake = "authentication handshake failed: "
	cause := message
	if i := strings.LastIndex(cause, handshake); i >= 0 {
		cause = strings.TrimSuffix(cause[i+len(handshake):], `"`)
	} else if i := strings.LastIndex(cause, "remote error: tls: "); i >= 0 {
		cause = strings.TrimSuffix(cause[i:], `"`)
	}
	has := func(s string) bool { return strings.Contains(cause, s) }
	// A connection that had begun does not count: its daemon has ended.
	ended := !has("error reading from server") && (has("error reading server preface") || has("broken pipe") || has("connection reset"))
	switch {
	case !encrypted && ended:
		// A server that expects TLS cannot read our bytes and closes the
		// connection. So does a server that has too many.
		return "it closed the connection at once: if it speaks TLS, give --rpc-ca or --rpc-tls; or it has too many connections", true
	case !encrypted:
		return "", false
	case has("first record does not look like a TLS handshake"):
		return "it speaks no TLS: omit --rpc-tls, --rpc-ca, --rpc-client-cert and --rpc-server-name", false
	case has("unknown authority"):
		return cause + ": give the CA of its certificate with --rpc-ca", false
	case has("certificate is valid for"), has("doesn't contain any IP SANs"), has("is not valid for any names"):
		return cause + ": give a name from its certificate with --rpc-server-name", false
	case has("certificate required"), has("bad certificate") && has("remote error"):
		return "it requires a client certificate that it trusts: give --rpc-client-cert and --rpc-client-key", false
	case has("remote error: tls: "):
		return "it rejects the client certificate: " + strings.TrimPrefix(cause, "remote error: tls: "), false
	case has("tls: "), has("x509: "):
		return cause, false
	case ended:
		// The server sends the reason, but it may come too late: in TLS 1.3 the
		// client completes the handshake first, and continues.
		return "it closed the connection: if it requires a client certificate, give one that it trusts with --rpc-client-cert and --rpc-client-key; or it has too many connections", true
	}
	return "", false
}

// maxFile bounds a file of certificates or keys, in bytes.
const maxFile = 1 << 20

// keyPair reads a certificate and its key.
func keyPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := files.ReadTrusted(cert, maxFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := files.ReadSecret(key, maxFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}
