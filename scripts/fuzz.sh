#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzz target of both modules for the time given.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:-10s}
git ls-files '*_test.go' | xargs grep -H -o '^func Fuzz[A-Za-z0-9_]*' | while IFS=: read -r file func; do
	name=${func#func }
	echo "fuzz: $name in ${file%/*}"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./${file%/*}" </dev/null
done
