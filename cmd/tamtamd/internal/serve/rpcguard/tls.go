// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"github.com/go-kit/log/level"
	"google.golang.org/grpc/credentials"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// serverTLS returns a configuration that takes the certificates from the files at each
// handshake, so that they can be renewed without a restart.
func serverTLS(cfg Config) (*tls.Config, error) {
	paths := []string{cfg.Cert, cfg.Key}
	if cfg.ClientCA != "" {
		paths = append(paths, cfg.ClientCA)
	}
	current, err := watch(cfg.Logger, func() (*tls.Config, error) { return loadTLS(cfg) }, paths...)
	if err != nil {
		return nil, err
	}
	base := baseTLS()
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.get(), nil }
	return base, nil
}

// baseTLS requires TLS 1.2 or later. It does not resume sessions: a resumed one would skip
// the check against CAs that have changed, and connections are few and long.
func baseTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, SessionTicketsDisabled: true}
}

func loadTLS(cfg Config) (*tls.Config, error) {
	certificate, err := keyPair(cfg.Cert, cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("--rpc-cert %s, --rpc-key %s: %w", cfg.Cert, cfg.Key, err)
	}
	config := baseTLS()
	config.Certificates = []tls.Certificate{certificate}
	if cfg.ClientCA != "" {
		pem, err := files.ReadTrusted(cfg.ClientCA, maxFile)
		if err != nil {
			return nil, fmt.Errorf("--rpc-client-ca: %w", err)
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--rpc-client-ca: %s has no certificate in PEM", cfg.ClientCA)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if until := certificate.Leaf.NotAfter; time.Now().After(until) {
		// Only a warning: clients check the date as well, and this clock may be wrong.
		_ = level.Warn(cfg.Logger).Log("msg", "certificate has expired",
			"file", cfg.Cert, "until", until.UTC().Format(time.RFC3339))
	}
	return config, nil
}

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

// maxFile bounds a file of certificates or keys, in bytes. All CAs of a system take a
// quarter of it.
const maxFile = 1 << 20

// perNetwork uses TLS, except on unix sockets: their data stays in the kernel, and their
// mode restricts who may connect.
type perNetwork struct {
	credentials.TransportCredentials
	plain  credentials.TransportCredentials
	counts *counter.Set
}

func (c *perNetwork) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if conn.LocalAddr().Network() == netaddr.Unix {
		return c.plain.ServerHandshake(conn)
	}
	secured, info, err := c.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		c.counts.Inc(handshakesFailed)
	}
	return secured, info, err
}

func (c *perNetwork) Clone() credentials.TransportCredentials {
	return &perNetwork{c.TransportCredentials.Clone(), c.plain, c.counts}
}
