#!/bin/sh
# Before the daemon's package is removed ("remove", or none left of RPM), and not
# when it is upgraded: the daemon runs on until the new one takes over.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl --no-reload disable --now tamtamd.service || true
