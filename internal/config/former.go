// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"flag"
	"os"
)

// former has the flags of the tamtam of 2018 that have another name now. On the command line, in
// the environment and in the file, the former name counts as the present one.
var former = map[string]string{"clustername": "cluster"}

// present returns the present name of a flag.
func present(name string) string { return cmp.Or(former[name], name) }

// formerVariables returns a command line for those variables with a former name whose present one is
// not set. In front of the real one, it counts less than that, and more than the file.
func formerVariables(fs *flag.FlagSet) (args []string) {
	for old, name := range former {
		if value := os.Getenv(EnvName(old)); value != "" && os.Getenv(EnvName(name)) == "" && fs.Lookup(name) != nil {
			args = append(args, "--"+name+"="+value)
		}
	}
	return args
}
