#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs govulncheck, which internal/tools pins, on each module. GOVULNDB names the database: a URL,
# or file:// and a directory that holds the OSV files of github.com/golang/vulndb, from
# "git archive HEAD data/osv". Without GOVULNDB, Go's own is asked. If no database can be had, the
# check is skipped, and says so: a machine without the network must be able to run "make ci".
# VULNCHECK=require makes that a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

db=${GOVULNDB:-$(go env GOVULNDB)}
check=$PWD/.bin/govulncheck
out=$(mktemp)
trap 'rm -f "$out"' EXIT

skip() {
	echo "vulncheck: skipped: $1"
	[[ ${VULNCHECK:-} != require ]] || exit 1
	exit 0
}

[[ -x $check ]] || { echo "vulncheck: no $check: run make .bin/stamp" >&2; exit 1; }
failed=0
for dir in . cmd/tamtamd internal/lab internal/release internal/tools internal/webtest; do
	mode=off # a module by itself, except the daemon's, which needs the root module from here
	[[ $dir != cmd/tamtamd ]] || mode=$PWD/go.work
	what=(./...)
	scan=(-scan symbol)
	# The tools are not imported by a package here.
	[[ $dir != internal/tools ]] || { what=(); scan=(-scan module); }
	rc=0
	(cd "$dir" && GOWORK=$mode "$check" ${db:+-db "$db"} "${scan[@]}" "${what[@]}") >"$out" 2>&1 || rc=$?
	if ((rc == 0)); then
		echo "vulncheck: $dir: no known vulnerability"
	elif grep -q -e 'fetching vulnerabilities' -e 'failed to load vuln' -e 'dial tcp' -e 'no such host' "$out"; then
		skip "no vulnerability database at ${db:-vuln.go.dev}: $(tail -n 1 "$out"). Set GOVULNDB"
	else
		cat "$out"
		echo "vulncheck: $dir: exit status $rc" >&2
		failed=1
	fi
done
exit $failed
