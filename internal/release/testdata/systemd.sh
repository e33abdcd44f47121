#!/bin/bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Tries the packages under a systemd that runs as the first process of a container, as
# docs/install.md tells an administrator to. Prints "ok: what" for each that is so. Ends with the
# container.
set -u
exec >/result/log 2>&1
trap 'echo "end: $?"; journalctl -u tamtamd --no-pager >/result/journal; systemctl poweroff --force' EXIT

ok() { # ok WHAT COMMAND...
	local what=$1
	shift
	for _ in $(seq 300); do
		if "$@" >/tmp/out 2>&1; then
			echo "ok: $what"
			return
		fi
		sleep 0.2
	done
	echo "FAILED: $what: $*: $(cat /tmp/out)"
	systemctl status tamtamd --no-pager
	exit 1
}
not() { ! "$@"; }
as() { # as UID[:GID] COMMAND...: another user, in one group
	local id=$1
	shift
	setpriv --reuid="${id%:*}" --regid="${id#*:}" --clear-groups env HOME=/ "$@"
}

# What an older package left, whose user existed only while the daemon ran.
mkdir -p /var/lib/private/tamtam && touch /var/lib/private/tamtam/old && chown -R 61234:61234 /var/lib/private/tamtam
ln -sfn private/tamtam /var/lib/tamtam

ok "the packages install" dpkg -i --force-depends /result/tamtamd.deb /result/tamtamctl.deb
ok "there is a group" getent group tamtam
echo TAMTAM_BIND=127.0.0.1 >>/etc/default/tamtamd
ok "the unit starts" systemctl start tamtamd
ok "root finds the socket" tamtamctl nodes
ok "the old state is the new user's" test "$(stat -c %U /var/lib/tamtam/old)" = tamtam
ok "others do not get in" not as 65534:65534 tamtamctl nodes
ok "the group does" as 65534:"$(getent group tamtam | cut -d: -f3)" tamtamctl nodes
ok "the log names who changes something" tamtamctl tags set role=test
ok "and which user" sh -c 'journalctl -u tamtamd | grep "msg=audit" | grep "method=UpdateTags" | grep -q "uid=0"'

(umask 077; openssl rand -hex 32 >/etc/tamtam/token; chgrp tamtam /etc/tamtam/token; chmod 640 /etc/tamtam/token)
echo TAMTAM_RPC_TOKEN_FILE=/etc/tamtam/token >>/etc/default/tamtamd
ok "a token for the group" systemctl restart tamtamd
ok "is needed" not tamtamctl nodes
ok "and works" tamtamctl --rpc-token-file /etc/tamtam/token nodes

sed -i /TOKEN_FILE/d /etc/default/tamtamd
chgrp root /etc/tamtam/token
chmod 600 /etc/tamtam/token
(umask 077; tamtamctl keys generate >/etc/tamtam/keyring; tamtamctl keys generate >/etc/tamtam/new)
mkdir -p /etc/systemd/system/tamtamd.service.d
cat >/etc/systemd/system/tamtamd.service.d/credentials.conf <<'UNIT'
[Service]
LoadCredential=token:/etc/tamtam/token
LoadCredential=keyring:/etc/tamtam/keyring
Environment=TAMTAM_RPC_TOKEN_FILE=%d/token
Environment=TAMTAM_KEYRING_FILE=%d/keyring
UNIT
systemctl daemon-reload
ok "credentials of root alone" systemctl restart tamtamd
ok "the token works" tamtamctl --rpc-token-file /etc/tamtam/token nodes
ok "so does the keyring" tamtamctl --rpc-token-file /etc/tamtam/token keys list
ok "a reload works beside credentials" systemctl reload tamtamd
ok "the keyring is read-only" sh -c 'tamtamctl --rpc-token-file /etc/tamtam/token keys install /etc/tamtam/new 2>&1 | grep read-only'

ok "a caller has it leave" tamtamctl --rpc-token-file /etc/tamtam/token leave
ok "the unit has failed" systemctl is-failed tamtamd
ok "with a status of its own" sh -c 'systemctl show -p ExecMainStatus tamtamd | grep -qx ExecMainStatus=3'
ok "and is not started again" not systemctl is-active tamtamd
ok "an administrator starts it" systemctl start tamtamd
ok "and stops it" systemctl stop tamtamd
ok "which is no failure" not systemctl is-failed tamtamd
echo "all is well"
