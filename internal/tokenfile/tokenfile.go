// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tokenfile reads bearer tokens. They come from files alone: a command line
// or an environment is seen by others. No error has any of the token in it.
package tokenfile

import (
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/regularfile"
)

const (
	// Min is the least length of a token, in bytes. 16 hexadecimal digits from a
	// generator are 64 bits, which nobody guesses over a network.
	Min = 16
	// Max is the greatest: what fits into a header with room to spare.
	Max = 4096
)

// Read returns the token in the first line of a file, without the blanks around it.
// It refuses a file that more than its owner can read, and a token that is too short,
// too long, or that no header can carry.
func Read(path string) (string, error) {
	b, st, err := regularfile.Read(path, Max+2)
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
		return "", fmt.Errorf("%s holds no token in its first line", path)
	case len(token) < Min:
		return "", fmt.Errorf("the token in %s has %d bytes, want at least %d: openssl rand -hex 32 makes a good one", path, len(token), Min)
	case len(token) > Max:
		return "", fmt.Errorf("the token in %s has more than %d bytes", path, Max)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("the token in %s holds a blank or what is not ASCII: neither can be sent", path)
	}
	return token, nil
}
