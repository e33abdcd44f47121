// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package files

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// MinToken is the length of the shortest token, in bytes. 16 random hexadecimal digits
	// are 64 bits, too many to guess over a network.
	MinToken = 16
	// MaxToken is the length of the longest token, in bytes. It easily fits in a header.
	MaxToken = 4096
	// MaxTokens is how many tokens a file may have: the old and the new ones of a rotation.
	MaxTokens = 16
	// MaxTokenName is the length of the longest name of a token, in bytes.
	MaxTokenName = 64
)

// Token is a bearer token.
type Token struct {
	Secret string
	Name   string // what stands after it in its line, for the log; may be empty
}

// ReadTokens returns the tokens of a file, of which each line has one, and perhaps a blank and
// its name. Empty lines do not count. It refuses a file that others can
// read or write (see ReadSecret), and a token that is too short, too long, or cannot be sent in a header. No error has any
// part of a token.
func ReadTokens(path string) (all []Token, err error) {
	b, err := ReadSecret(path, MaxTokens*(MaxToken+MaxTokenName+2))
	if err != nil {
		return nil, err
	}
	number := 0
	for line := range strings.Lines(string(b)) {
		number++
		secret, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if secret == "" {
			continue
		}
		t := Token{secret, strings.TrimSpace(name)}
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("line %d of %s: %w", number, path, err)
		}
		all = append(all, t)
	}
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("%s has no token", path)
	case len(all) > MaxTokens:
		return nil, fmt.Errorf("%s has %d tokens, want at most %d", path, len(all), MaxTokens)
	}
	return all, nil
}

// ReadToken returns the first token of a file, which a client sends; see ReadTokens.
func ReadToken(path string) (string, error) {
	all, err := ReadTokens(path)
	if err != nil {
		return "", err
	}
	return all[0].Secret, nil
}

func (t Token) check() error {
	invisible := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case len(t.Secret) < MinToken:
		return fmt.Errorf("the token has %d bytes, want at least %d: openssl rand -hex 32 makes a good one", len(t.Secret), MinToken)
	case len(t.Secret) > MaxToken:
		return fmt.Errorf("the token has more than %d bytes", MaxToken)
	case strings.ContainsFunc(t.Secret, invisible):
		return errors.New("the token has a character outside ASCII, which cannot be sent")
	case len(t.Name) > MaxTokenName || strings.ContainsFunc(t.Name, invisible):
		return fmt.Errorf("the name of the token, which stands after it, is not up to %d visible characters of ASCII without blanks", MaxTokenName)
	}
	return nil
}
