// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/services"
)

// Check returns why the services are not well; nil if they are.
type Check func(context.Context) error

// ParseCheck returns the check that a text of --check stands for: a URL, "tcp", "tcp://HOST:PORT", or a
// command, which is ended after a while.
func ParseCheck(text string, offered []services.Service, within time.Duration, stderr io.Writer) (Check, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	switch {
	case text == "tcp":
		for _, s := range offered {
			if s.Protocol != services.TCP {
				return nil, fmt.Errorf("--check tcp: %s has the protocol %s: give a command that checks it", s.Name, s.Protocol)
			}
		}
		return func(ctx context.Context) error { return checkPorts(ctx, offered) }, nil
	case isURL && (scheme == "http" || scheme == "https"):
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || u.User != nil {
			return nil, fmt.Errorf("--check %q: want a URL such as http://localhost:8080/healthz, without a user", text)
		}
		return func(ctx context.Context) error { return checkURL(ctx, u) }, nil
	case isURL && scheme == "tcp":
		host, port, err := net.SplitHostPort(rest)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
			return nil, fmt.Errorf("--check %q: want tcp://HOST:PORT, such as tcp://192.0.2.1:8080", text)
		}
		return func(ctx context.Context) error { return checkAddress(ctx, rest) }, nil
	case isURL && !strings.ContainsAny(scheme, " \t\n"):
		return nil, fmt.Errorf("--check %q: want http://%s, tcp, tcp://HOST:PORT, or a command", text, rest)
	}
	if err := hook.Supported(); err != nil {
		return nil, err
	}
	command := hook.Command{Shell: text, Timeout: within, Env: os.Environ(), Err: stderr}
	return command.Check, nil
}

// checkAddress connects to an address.
func checkAddress(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// checkPorts connects to the port of each service on localhost.
func checkPorts(ctx context.Context, offered []services.Service) error {
	for _, s := range offered {
		port := strconv.Itoa(int(s.Port))
		if err := checkAddress(ctx, net.JoinHostPort("127.0.0.1", port)); err != nil {
			if checkAddress(ctx, net.JoinHostPort("::1", port)) != nil {
				return err
			}
		}
	}
	return nil
}

// statusLine bounds the first line of an answer, in bytes.
const statusLine = 256

// checkURL makes a GET request of HTTP/1.1, over a connection of its own, without a proxy; no redirection is
// followed. It reads the status and nothing else, so it does without package net/http, which would make
// this program a megabyte larger.
func checkURL(ctx context.Context, u *url.URL) error {
	dial := (&net.Dialer{}).DialContext
	port := "80"
	if u.Scheme == "https" {
		port, dial = "443", (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tamtamctl\r\nAccept: */*\r\nConnection: close\r\n\r\n", u.RequestURI(), u.Host)
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	line, _ := bufio.NewReader(io.LimitReader(conn, statusLine)).ReadString('\n')
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !strings.HasPrefix(version, "HTTP/1."):
		return fmt.Errorf("it does not answer by HTTP/1: %.40q", line)
	case len(code) != 3 || code[0] != '2':
		return fmt.Errorf("it answers %.20q, want 200 to 299", code)
	}
	return nil
}
