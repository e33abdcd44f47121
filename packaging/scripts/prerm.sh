#!/bin/sh
# Runs before the daemon's package is removed ("remove" for Debian, 0 for RPM), not before
# an upgrade: the daemon keeps running until the new one replaces it.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl --no-reload disable --now tamtamd.service || true
