#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# vulncheck.sh [DIR ...] runs govulncheck, which internal/tools pins, on each module, or on those in
# the directories. The database is the one that internal/vulndb pins, a Go module with the OSV files of
# the Go project; "make vulncheck-update" takes its latest version. GOVULNDB names another: a URL, or
# file:// and a directory with OSV files. The standard library is checked as of the Go that the
# toolchain line of go.mod names, with which releases are built.
#
# If the database cannot be had, the check is skipped, and says so: a machine without the network must
# be able to run "make ci". VULNCHECK=require makes that a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

check=$PWD/.bin/govulncheck
out=$(mktemp)
trap 'rm -f "$out"' EXIT

skip() {
	echo "vulncheck: skipped: $1"
	[[ ${VULNCHECK:-} != require ]] || exit 1
	exit 0
}

[[ -x $check ]] || { echo "vulncheck: no $check: run make .bin/stamp" >&2; exit 1; }
db=${GOVULNDB:-}
if [[ -z $db ]]; then
	pinned() { GOWORK=off GOFLAGS=-mod=readonly go -C internal/vulndb "$@" golang.org/x/vulndb; }
	pinned mod download >"$out" 2>&1 || skip "the pinned database cannot be had: $(tail -n 1 "$out"). Set GOVULNDB"
	db=file://$(pinned list -m -f '{{.Dir}}')/data/osv
	echo "vulncheck: database: golang.org/x/vulndb $(pinned list -m -f '{{.Version}}')"
fi
GOVERSION=$(sed -n 's/^toolchain //p' go.mod)
export GOVERSION

(($# > 0)) || set -- . cmd/tamtamd internal/lab internal/manifests internal/release internal/tools internal/webtest
failed=0
for dir; do
	mode=off # a module by itself, except the daemon's, which needs the root module from here
	[[ $dir != cmd/tamtamd ]] || mode=$PWD/go.work
	what=./...
	# The tools are not imported by a package here.
	[[ $dir != internal/tools ]] || what=tool
	rc=0
	(cd "$dir" && GOWORK=$mode "$check" -db "$db" "$what") >"$out" 2>&1 || rc=$?
	if ((rc == 0)); then
		echo "vulncheck: $dir: no known vulnerability"
	elif grep -q -e 'fetching vulnerabilities' -e 'failed to load vuln' -e 'dial tcp' -e 'no such host' "$out"; then
		skip "no vulnerability database at $db: $(tail -n 1 "$out"). Set GOVULNDB"
	else
		cat "$out"
		echo "vulncheck: $dir: exit status $rc" >&2
		failed=1
	fi
done
exit $failed
