package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// A checkInfo is what a check says of itself in its screen.Info and Config,
// read from the source.
type checkInfo struct {
	dir, name, stage, rfc, doc string
	signals                    []signalInfo
	settings                   []setting
}

type signalInfo struct {
	name, description string
	weight            float64
}

// A setting is a field of Config, or of a struct inside it with a dot.
type setting struct{ key, kind, doc string }

// readCheck reads one check's folder. It understands composite literals,
// constants and concatenation; what a check says of itself needs no more.
func (tr *tree) readCheck(dir string) (*checkInfo, error) {
	c := &checkInfo{dir: dir}
	files := tr.in(dir)
	consts := constants(files)
	var lit *ast.CompositeLit
	for _, f := range files {
		if f.ast.Doc != nil {
			c.doc = firstParagraph(f.ast.Doc.Text())
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if l, ok := n.(*ast.CompositeLit); ok && lit == nil && typeName(l.Type) == "screen.Info" && len(l.Elts) > 0 {
				lit = l
			}
			return true
		})
	}
	if lit == nil {
		return nil, fmt.Errorf("there is no screen.Info literal")
	}
	for key, e := range fields(lit) {
		var err error
		switch key {
		case "Name":
			c.name, err = text(e, consts)
		case "RFC":
			c.rfc, err = text(e, consts)
		case "Stage":
			c.stage = strings.TrimPrefix(typeName(e), "screen.")
		case "Signals":
			c.signals, err = signals(e, consts)
		}
		if err != nil {
			return nil, fmt.Errorf("screen.Info.%s: %w", key, err)
		}
	}
	c.settings = settings(files, "Config", "")
	return c, nil
}

func signals(e ast.Expr, consts map[string]ast.Expr) ([]signalInfo, error) {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil, fmt.Errorf("not a literal")
	}
	var out []signalInfo
	for _, el := range list.Elts {
		lit, ok := el.(*ast.CompositeLit)
		if !ok {
			return nil, fmt.Errorf("a signal is not a literal")
		}
		var s signalInfo
		for key, e := range fields(lit) {
			var err error
			switch key {
			case "Name":
				s.name, err = text(e, consts)
			case "Description":
				s.description, err = text(e, consts)
			case "Weight":
				s.weight, err = number(e, consts)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// fields returns the values of a literal by name; without names those of
// screen.SignalInfo, the only type that is short enough for that.
func fields(l *ast.CompositeLit) map[string]ast.Expr {
	out := make(map[string]ast.Expr)
	for i, e := range l.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				out[id.Name] = kv.Value
			}
		} else if i < 3 {
			out[[]string{"Name", "Description", "Weight"}[i]] = e
		}
	}
	return out
}

func constants(files []*source) map[string]ast.Expr {
	out := make(map[string]ast.Expr)
	for _, f := range files {
		for _, d := range f.ast.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, s := range gen.Specs {
				v := s.(*ast.ValueSpec)
				for i := range v.Values {
					out[v.Names[i].Name] = v.Values[i]
				}
			}
		}
	}
	return out
}

func text(e ast.Expr, consts map[string]ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.ParenExpr:
		return text(e.X, consts)
	case *ast.Ident:
		if v, ok := consts[e.Name]; ok {
			return text(v, consts)
		}
	case *ast.BinaryExpr:
		l, err := text(e.X, consts)
		if err != nil {
			return "", err
		}
		r, err := text(e.Y, consts)
		return l + r, err
	}
	return "", fmt.Errorf("not a constant text")
}

func number(e ast.Expr, consts map[string]ast.Expr) (float64, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.ParseFloat(e.Value, 64)
	case *ast.UnaryExpr:
		n, err := number(e.X, consts)
		if e.Op == token.SUB {
			n = -n
		}
		return n, err
	case *ast.Ident:
		if v, ok := consts[e.Name]; ok {
			return number(v, consts)
		}
	}
	return 0, fmt.Errorf("not a constant number")
}

// typeName writes a type as the source does.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	case *ast.MapType:
		return "map[" + typeName(e.Key) + "]" + typeName(e.Value)
	}
	return "…"
}

// settings returns the fields of a struct type that a configuration can set.
func settings(files []*source, name, prefix string) (out []setting) {
	st := structType(files, name)
	if st == nil {
		return nil
	}
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			key := prefix + yamlKey(f, n.Name)
			if !n.IsExported() || strings.HasSuffix(key, "-") {
				continue
			}
			kind := typeName(f.Type)
			if inner := settings(files, kind, key+"."); len(inner) > 0 {
				out = append(out, inner...)
				continue
			}
			out = append(out, setting{key, kind, oneLine(f.Doc.Text() + " " + f.Comment.Text())})
		}
	}
	return out
}

func yamlKey(f *ast.Field, name string) string {
	if f.Tag == nil {
		return strings.ToLower(name)
	}
	tag, _ := strconv.Unquote(f.Tag.Value)
	_, rest, ok := strings.Cut(tag, `yaml:"`)
	if !ok {
		return strings.ToLower(name)
	}
	key, _, _ := strings.Cut(rest, `"`)
	key, _, _ = strings.Cut(key, ",")
	return key
}

func structType(files []*source, name string) *ast.StructType {
	for _, f := range files {
		for _, d := range f.ast.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range gen.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.Name == name {
					st, _ := ts.Type.(*ast.StructType)
					return st
				}
			}
		}
	}
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// firstParagraph is the beginning of a package comment, without the words
// "Package x is".
func firstParagraph(s string) string {
	s = oneLine(strings.SplitN(s, "\n\n", 2)[0])
	if words := strings.SplitN(s, " ", 4); len(words) == 4 && words[0] == "Package" && words[2] == "is" {
		s = strings.ToUpper(words[3][:1]) + words[3][1:]
	}
	return s
}
