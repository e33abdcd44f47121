// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// TestReadyUnreachable: a daemon that does not answer does not count as ready.
func TestReadyUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	flags := ctlflags.Default()
	flags.RPC, flags.Timeout = l.Addr().String(), time.Minute
	l.Close()
	var unreachable *client.UnreachableError
	if err := ready(t.Context(), client.Client{Flags: flags}); !errors.As(err, &unreachable) {
		t.Errorf("%v, want an UnreachableError", err)
	}
}
