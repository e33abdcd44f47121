#!/bin/sh
# After the daemon's package is installed or upgraded, as Debian ("configure" and the
# version before) or RPM (how many are installed) calls it. A new daemon is not
# started, as nobody has told it yet whom to join; one that runs becomes the new one.
set -e

case "$1" in
configure) before=$2 ;;
1) before= ;;
2) before=some ;;
*) exit 0 ;;
esac

# Not in a chroot, or a container without systemd.
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload || true
if [ -n "$before" ]; then
	systemctl try-restart tamtamd.service || true
fi
