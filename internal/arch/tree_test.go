package arch

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "gatehouse.example"

// A tree is the project as text and as syntax. Paths are relative, with slashes.
type tree struct {
	fset  *token.FileSet
	files []*source         // Go files, by path
	texts map[string][]byte // all files that people read, Go included
}

// A source is one Go file.
type source struct {
	path, dir string
	test      bool
	src       []byte
	ast       *ast.File
}

// A violation is one place that breaks a rule. subject is what an allowance
// names: an import path, a function, a variable.
type violation struct {
	rule, path, subject, text string
	line                      int
}

func (v violation) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", v.path, max(v.line, 1), v.rule, v.text)
}

// repository reads the tree around this package, once.
var repository = sync.OnceValues(func() (*tree, error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	return readTree(os.DirFS(root))
})

func theTree(t *testing.T) *tree {
	t.Helper()
	tr, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("arch: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("arch: no go.mod above the test")
		}
		dir = up
	}
}

// notOurs are folders that hold nothing that the rules are about.
func notOurs(dir string) bool {
	switch path.Base(dir) {
	case ".git", "bin", "gatehouse-data", "node_modules":
		return true
	}
	return false
}

func readable(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".sql", ".yaml", ".yml", ".sh", ".html", ".css", ".js", ".service", ".txt", ".json", ".cfg", ".xml", ".toml":
		return true
	}
	switch path.Base(name) {
	case "Makefile", "Dockerfile", "run", "go.mod":
		return true
	}
	return false
}

func readTree(fsys fs.FS) (*tree, error) {
	tr := &tree{fset: token.NewFileSet(), texts: make(map[string][]byte)}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && notOurs(p) {
				return fs.SkipDir
			}
			return nil
		}
		if !readable(p) || !d.Type().IsRegular() {
			return nil
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		tr.texts[p] = src
		if path.Ext(p) != ".go" || strings.Contains(p, "testdata/") {
			return nil
		}
		return tr.parse(p, src)
	})
	if err != nil {
		return nil, fmt.Errorf("arch: %w", err)
	}
	slices.SortFunc(tr.files, func(a, b *source) int { return cmp.Compare(a.path, b.path) })
	return tr, nil
}

func (tr *tree) parse(p string, src []byte) error {
	f, err := parser.ParseFile(tr.fset, p, src, parser.ParseComments)
	if err != nil {
		return err
	}
	tr.files = append(tr.files, &source{
		path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"), src: src, ast: f,
	})
	return nil
}

func (tr *tree) line(p token.Pos) int { return tr.fset.Position(p).Line }

// packages returns the folders with Go files, tests alone excluded, in order.
func (tr *tree) packages() []string {
	var dirs []string
	for _, f := range tr.files {
		if !f.test && !slices.Contains(dirs, f.dir) {
			dirs = append(dirs, f.dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

func (tr *tree) in(dir string) []*source {
	var out []*source
	for _, f := range tr.files {
		if f.dir == dir && !f.test {
			out = append(out, f)
		}
	}
	return out
}

// imports returns the paths that a file imports.
func (f *source) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

func (f *source) lines() int {
	n := bytes.Count(f.src, []byte("\n"))
	if len(f.src) > 0 && f.src[len(f.src)-1] != '\n' {
		n++
	}
	return n
}

// under reports whether dir is root or below it.
func under(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }

// within reports whether dir is under one of roots.
func within(dir string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return under(dir, r) })
}
