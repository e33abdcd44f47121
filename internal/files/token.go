// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package files

import (
	"fmt"
	"strings"
)

const (
	// MinToken is the length of the shortest token, in bytes. 16 random hexadecimal digits
	// are 64 bits, too many to guess over a network.
	MinToken = 16
	// MaxToken is the length of the longest token, in bytes. It easily fits in a header.
	MaxToken = 4096
)

// ReadToken returns the bearer token in the first line of a file, without white space around
// it. It refuses a file that other users than its owner can read, and a token that is too
// short, too long, or cannot be sent in a header. No error has any part of the token.
func ReadToken(path string) (string, error) {
	b, st, err := Read(path, MaxToken+2)
	if err != nil {
		return "", err
	}
	if err := private(path, st); err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	token := strings.TrimSpace(line)
	switch {
	case token == "":
		return "", fmt.Errorf("%s has no token in its first line", path)
	case len(token) < MinToken:
		return "", fmt.Errorf("the token in %s has %d bytes, want at least %d: openssl rand -hex 32 makes a good one",
			path, len(token), MinToken)
	case len(token) > MaxToken:
		return "", fmt.Errorf("the token in %s has more than %d bytes", path, MaxToken)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("the token in %s has a blank or a character outside ASCII, which cannot be sent", path)
	}
	return token, nil
}
