#!/bin/sh
# After the daemon's package is removed. Its state goes when it is purged, as Debian
# has it; the members' addresses in there are of no use to anybody else.
set -e

if [ "$1" = purge ]; then
	rm -rf "$DPKG_ROOT/var/lib/tamtam" "$DPKG_ROOT/var/lib/private/tamtam"
fi
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload || true
