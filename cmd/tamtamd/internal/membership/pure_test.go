// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// forbidden are packages that do IO, wait or lock, and functions that read the clock or
// the random numbers of all.
var forbidden = map[string]bool{
	"context": true, "net": true, "os": true, "sync": true, "sync/atomic": true, "testing/synctest": true,
	"time.Now": true, "time.Since": true, "time.Until": true, "time.After": true, "time.Sleep": true, "time.NewTimer": true,
	"rand.N": true, "rand.IntN": true, "rand.Uint64": true, "rand.Shuffle": true,
}

// TestCoreIsPure: neither the core nor its machines do IO, lock, read a clock or start a
// goroutine.
func TestCoreIsPure(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		bad := func(n ast.Node, what string) { t.Errorf("%s: %s", fset.Position(n.Pos()), what) }
		for _, i := range file.Imports {
			if name, _ := strconv.Unquote(i.Path.Value); forbidden[name] || strings.HasSuffix(name, "/internal/node") {
				bad(i, "imports "+name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				bad(n, "starts a goroutine")
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && forbidden[x.Name+"."+n.Sel.Name] {
					bad(n, "uses "+x.Name+"."+n.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files, %v", files, err)
	}
}
