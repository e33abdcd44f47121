// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestReasonsHaveNames: each constant of reason.go has one, and no two have the same.
func TestReasonsHaveNames(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			constants += len(g.Specs)
		}
	}
	seen := map[string]Reason{}
	for r := Reason(1); int(r) <= constants; r++ {
		if other, twice := seen[r.String()]; r.String() == "" || twice {
			t.Errorf("reason %d is named %q, as is %d", r, r, other)
		}
		seen[r.String()] = r
	}
	if s := Reason(constants+1).String() + Reason(0).String() + Reason(255).String(); s != "" {
		t.Errorf("what is no reason is named %q", s)
	}
}
