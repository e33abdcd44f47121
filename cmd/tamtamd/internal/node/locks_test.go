// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoFunctionLocksAgain: a function takes mu once, at its beginning, and holds it to its
// end. So the state between two of its lines is nobody else's.
func TestNoFunctionLocksAgain(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	locks := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			calls := map[string]int{}
			deferred := false
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.DeferStmt:
					if s, ok := n.Call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Unlock" {
						deferred = true
					}
				case *ast.SelectorExpr:
					calls[n.Sel.Name]++
				}
				return true
			})
			locks += calls["Lock"]
			if calls["Lock"] > 1 || calls["Unlock"] != calls["Lock"] || calls["Lock"] == 1 && !deferred {
				t.Errorf("%s: %s locks %d times and unlocks %d times, deferred: %v",
					fset.Position(f.Pos()), f.Name.Name, calls["Lock"], calls["Unlock"], deferred)
			}
		}
	}
	if locks == 0 {
		t.Error("nothing locks")
	}
}
