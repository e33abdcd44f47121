// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package completion

import "strings"

// Shells are the shells that there are scripts for.
var Shells = []string{"bash", "zsh", "fish", "powershell"}

// Script returns the script that completes a program in a shell; empty for another shell.
func Script(program, shell string) string {
	return strings.NewReplacer("PROGRAM", program, "COMPLETE", Command, "FILES", files).Replace(scripts[shell])
}

// bash splits words at ":" and "=", too, as in an address: the words are taken from the line,
// and what bash takes for an earlier word is cut off the replies.
var scripts = map[string]string{
	"bash": `_PROGRAM() {
  local line="${COMP_LINE:0:COMP_POINT}" cur words reply
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  cur="${words[${#words[@]}-1]}"
  local IFS=$'\n'
  reply=($(PROGRAM COMPLETE "${words[@]:1}" 2>/dev/null | cut -f 1))
  if [[ "${reply[0]}" == FILES ]]; then
    reply=($(compgen -f -- "$cur"))
  fi
  local before="${cur%"${cur##*[:=]}"}"
  COMPREPLY=("${reply[@]#"$before"}")
}
complete -F _PROGRAM PROGRAM
`,
	"zsh": `#compdef PROGRAM
_PROGRAM() {
  local line
  local -a lines described
  lines=("${(@f)$(PROGRAM COMPLETE "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$lines[1]" == FILES ]]; then
    _files
    return
  fi
  for line in $lines; do
    described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -V PROGRAM described
}
if [[ "$funcstack[1]" == _PROGRAM ]]; then
  _PROGRAM
else
  compdef _PROGRAM PROGRAM
fi
`,
	"fish": `function __PROGRAM_complete
  set -l words (commandline -opc)
  set -l cur (commandline -ct)
  set -l lines (PROGRAM COMPLETE $words[2..-1] "$cur" 2>/dev/null)
  if test "$lines[1]" = FILES
    __fish_complete_path "$cur"
  else
    printf '%s\n' $lines
  end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`,
	"powershell": `Register-ArgumentCompleter -Native -CommandName PROGRAM -ScriptBlock {
  param($cur, $line, $position)
  $words = @($line.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.ToString() })
  if ($cur -eq '') { $words += '""' }
  & PROGRAM COMPLETE @words 2>$null | Where-Object { $_ -ne 'FILES' } | ForEach-Object {
    $word, $help = $_ -split "` + "`" + `t", 2
    if (-not $help) { $help = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
  }
}
`,
}
