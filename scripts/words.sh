#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Prints each word of scripts/words.txt in code and texts, as FILE:LINE: WORD: use ..., and
# fails if there is any. Generated code is left out. Other arguments are files to read
# instead of all. A phrase that is broken over two lines is not found.
set -euo pipefail
cd "$(dirname "$0")/.."

files=("$@")
if ((${#files[@]} == 0)); then
	mapfile -t files < <(git ls-files --cached --others --exclude-standard \
		'*.go' '*.md' '*.proto' '*.sh' '*.js' '*.html' '*.yaml' '*.yml' '*.service' '*.json' '*.py' Makefile |
		grep -v -e '\.pb\.go$' -e '^scripts/words\.sh$')
fi

found=0
while IFS= read -r line; do
	[[ -z $line || $line == \#* ]] && continue
	word=${line%|*} use=${line##*|}
	if grep -H -n -o -w -E -e "$word" -- "${files[@]}" /dev/null | sed "s/\$/: use $use/"; then
		found=1
	fi
done <scripts/words.txt
((found == 0)) || {
	echo "see scripts/words.txt" >&2
	exit 1
}
