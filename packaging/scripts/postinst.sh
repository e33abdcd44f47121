#!/bin/sh
# Runs after the daemon's package is installed or upgraded. Debian passes "configure" and
# the previous version, RPM the number of installed versions. A new daemon is not started,
# because its seeds are not configured yet; a running daemon is restarted.
set -e

case "$1" in
configure) before=$2 ;;
1) before= ;;
2) before=some ;;
*) exit 0 ;;
esac

# The daemon's user. Without systemd there is no unit that needs it.
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers ${DPKG_ROOT:+--root="$DPKG_ROOT"} tamtam.conf
fi

# Not in a chroot, or a container without systemd.
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload || true
if [ -n "$before" ]; then
	systemctl try-restart tamtamd.service || true
fi
