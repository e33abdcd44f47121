#!/bin/sh
# Runs after the daemon's package is removed. A purge deletes the state, as Debian
# requires.
set -e

if [ "$1" = purge ]; then
	rm -rf "$DPKG_ROOT/var/lib/tamtam" "$DPKG_ROOT/var/lib/private/tamtam"
fi
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload || true
