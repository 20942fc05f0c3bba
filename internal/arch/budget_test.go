package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"strings"
)

const (
	maxFileLines     = 500
	maxFunctionLines = 80
)

func fileLength(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if n := f.lines(); n > maxFileLines {
			bad = append(bad, violation{path: f.path, text: fmt.Sprintf("%d lines, at most %d", n, maxFileLines)})
		}
	}
	return bad
}

// functionLength counts what a reader has to follow: in tests the rows of a
// table of cases are not counted.
func functionLength(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := tr.line(fn.End()) - tr.line(fn.Pos()) + 1
			if f.test {
				n -= tr.tableLines(fn)
			}
			if n > maxFunctionLines {
				bad = append(bad, violation{
					path: f.path, line: tr.line(fn.Pos()), subject: fn.Name.Name,
					text: fmt.Sprintf("%s has %d lines, at most %d", fn.Name.Name, n, maxFunctionLines),
				})
			}
		}
	}
	return bad
}

// tableLines are the lines inside the outermost composite literals of a function.
func (tr *tree) tableLines(fn *ast.FuncDecl) (n int) {
	ast.Inspect(fn, func(node ast.Node) bool {
		lit, ok := node.(*ast.CompositeLit)
		if ok {
			n += tr.line(lit.Rbrace) - tr.line(lit.Lbrace)
		}
		return !ok
	})
	return n
}

func noInit(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				bad = append(bad, violation{path: f.path, line: tr.line(fn.Pos()), subject: "init", text: "func init()"})
			}
		}
	}
	return bad
}

func formatted(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if out, err := format.Source(f.src); err != nil || !bytes.Equal(out, f.src) {
			bad = append(bad, violation{path: f.path, text: "not gofmt-ed"})
		}
	}
	return bad
}

// packageVariables: the only variables of a package are error values and
// tables that nobody changes.
func packageVariables(tr *tree) (bad []violation) {
	for _, dir := range tr.packages() {
		if forTests(dir) {
			continue
		}
		files := tr.in(dir)
		changed := changedNames(files)
		for _, f := range files {
			for _, d := range f.ast.Decls {
				gen, ok := d.(*ast.GenDecl)
				if !ok || gen.Tok != token.VAR {
					continue
				}
				for _, s := range gen.Specs {
					bad = append(bad, variables(tr, f, gen, s.(*ast.ValueSpec), changed)...)
				}
			}
		}
	}
	return bad
}

func variables(tr *tree, f *source, gen *ast.GenDecl, s *ast.ValueSpec, changed map[string]bool) (bad []violation) {
	for i, name := range s.Names {
		why := ""
		switch {
		case name.Name == "_" || embedded(gen, s):
		case changed[name.Name]:
			why = "is changed"
		case len(s.Values) == 0:
			why = "has no value, so somebody must set it"
		case !constantLike(s.Values[min(i, len(s.Values)-1)]):
			why = "is neither an error value nor a table"
		}
		if why != "" {
			bad = append(bad, violation{
				path: f.path, line: tr.line(name.Pos()), subject: name.Name,
				text: "the package variable " + name.Name + " " + why,
			})
		}
	}
	return bad
}

func embedded(gen *ast.GenDecl, s *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{gen.Doc, s.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed") {
				return true
			}
		}
	}
	return false
}

// constantLike accepts values that Go has no constants for: composite
// literals, errors, compiled patterns and templates, addresses, and tables
// that a function of the package computes.
func constantLike(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit, *ast.BasicLit:
		return true
	case *ast.CallExpr:
		switch fn := e.Fun.(type) {
		case *ast.Ident:
			return fn.Name != "make" && fn.Name != "new"
		case *ast.ArrayType: // []byte("…")
			return true
		case *ast.SelectorExpr:
			from := ""
			if id, ok := fn.X.(*ast.Ident); ok {
				from = id.Name
			}
			return strings.HasPrefix(fn.Sel.Name, "Must") || from == "errors" || from == "netip" ||
				from == "fmt" && fn.Sel.Name == "Errorf" || from == "strings" && fn.Sel.Name == "NewReplacer" ||
				strings.HasPrefix(from, "base") || strings.HasPrefix(from, "crc")
		}
	case *ast.BinaryExpr:
		return constantLike(e.X) && constantLike(e.Y)
	}
	return false
}

// changedNames are the package-level names that a package assigns to, counts
// up, or takes the address of.
func changedNames(files []*source) map[string]bool {
	changed := make(map[string]bool)
	for _, f := range files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						note(changed, f.ast.Scope, e)
					}
				}
			case *ast.IncDecStmt:
				note(changed, f.ast.Scope, n.X)
			case *ast.UnaryExpr:
				if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND {
					note(changed, f.ast.Scope, id)
				}
			}
			return true
		})
	}
	return changed
}

// note marks the root of an expression unless it is a local variable, which
// the parser has resolved to something inside a function.
func note(changed map[string]bool, scope *ast.Scope, e ast.Expr) {
	for {
		switch x := e.(type) {
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.Ident:
			if x.Obj == nil || scope.Lookup(x.Name) == x.Obj {
				changed[x.Name] = true
			}
			return
		default:
			return
		}
	}
}
