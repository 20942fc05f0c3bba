package arch

import (
	"fmt"
	"go/ast"
	"strings"
)

// packageComment: each package says what it is, in one place.
func packageComment(tr *tree) (bad []violation) {
	for _, dir := range tr.packages() {
		var with []string
		for _, f := range tr.in(dir) {
			if f.ast.Doc != nil && strings.TrimSpace(f.ast.Doc.Text()) != "" {
				with = append(with, f.path)
			}
		}
		if len(with) != 1 {
			bad = append(bad, violation{path: dir, text: fmt.Sprintf("%d package comments %v, want one", len(with), with)})
		}
	}
	return bad
}

// exportedDocumented: each exported function, method, type, constant and
// variable has a comment.
func exportedDocumented(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
					bad = append(bad, undocumented(tr, f, d.Name))
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					bad = append(bad, undocumentedSpec(tr, f, d, s)...)
				}
			}
		}
	}
	return bad
}

func undocumented(tr *tree, f *source, name *ast.Ident) violation {
	return violation{path: f.path, line: tr.line(name.Pos()), subject: name.Name, text: name.Name + " has no comment"}
}

func undocumentedSpec(tr *tree, f *source, d *ast.GenDecl, s ast.Spec) (bad []violation) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
			bad = append(bad, undocumented(tr, f, s.Name))
		}
	case *ast.ValueSpec:
		if d.Doc != nil || s.Doc != nil || s.Comment != nil {
			return nil
		}
		for _, name := range s.Names {
			if name.IsExported() {
				bad = append(bad, undocumented(tr, f, name))
			}
		}
	}
	return bad
}

// exportedReceiver reports whether a function is one, or a method of an
// exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}
