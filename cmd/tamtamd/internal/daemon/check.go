// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/dns"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// check reads all that flags name, as a start does, and returns the first error. It binds no
// socket and writes no file, so it can run beside the daemon. It reports files that it cannot see.
func check(flags *daemonflags.Flags, tell io.Writer) error {
	if !anyHidden(tell, flags.KeyringFile, flags.OperatorKey) {
		if _, err := readSecrets(flags); err != nil {
			return err
		}
	}
	if g := flags.RPCGuard; !anyHidden(tell, g.Cert, g.Key, g.ClientCA, g.TokenFile, g.ReadTokenFile) {
		guard, err := rpcguard.New(guardConfig(g, log.NewNopLogger()))
		if err != nil {
			return err
		}
		if err := guard.Check(flags.RPC, g.Insecure); err != nil {
			return err
		}
	}
	if flags.HTTP != "" {
		if _, err := web.Check(flags.HTTP, flags.HTTPInsecure); err != nil {
			return fmt.Errorf("serve HTTP on %s: %w", flags.HTTP, err)
		}
	}
	if flags.DNS != "" {
		if _, err := dns.Check(flags.DNS, flags.DNSInsecure); err != nil {
			return fmt.Errorf("serve DNS on %s: %w", flags.DNS, err)
		}
	}
	family := familyOf(flags)
	at, err := gossipIP(flags.Bind, flags.Iface, family)
	if err != nil {
		return err
	}
	_, err = advertised(flags.Advertise, netip.AddrPortFrom(at.ip, flags.Port), family)
	return err
}

// anyHidden reports whether one of the files is a credential of a unit that only the daemon sees,
// and says so: systemd 252 hides them from ExecReload=. That loses nothing, as they do not change
// while the unit runs; and a start that may not read them fails.
func anyHidden(tell io.Writer, files ...string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	i := slices.IndexFunc(files, func(file string) bool {
		if dir == "" || file == "" || filepath.Dir(file) != filepath.Clean(dir) {
			return false
		}
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrPermission)
	})
	if i < 0 {
		return false
	}
	fmt.Fprintf(tell, "tamtamd: %s is not checked, nor what belongs to it: only the daemon sees the credentials of its unit\n", files[i])
	return true
}
