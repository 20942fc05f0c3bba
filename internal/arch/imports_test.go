package arch

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const picture = "docs/architecture.md"

// block returns the lines of the fenced block of that name in the picture, each
// as "left -> right right …".
func (tr *tree) block(name string) map[string][]string {
	out := make(map[string][]string)
	inside := false
	lines := bufio.NewScanner(bytes.NewReader(tr.texts[picture]))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "```"+name:
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && line != "" && !strings.HasPrefix(line, "#"):
			left, right, _ := strings.Cut(line, "->")
			out[strings.TrimSpace(left)] = append(out[strings.TrimSpace(left)], strings.Fields(right)...)
		}
	}
	return out
}

// matches reports whether a package is meant by a name of the block; "x/*" is
// every package directly below x.
func matches(name, dir string) bool {
	if parent, star := strings.CutSuffix(name, "/*"); star {
		rest, below := strings.CutPrefix(dir, parent+"/")
		return below && !strings.Contains(rest, "/")
	}
	return name == dir
}

// forTests are packages that only tests use: the arrows do not bind them.
func forTests(dir string) bool {
	return within(dir, "test", "bench", "cmd/siptest-load", "cmd/siptest-effect", "internal/siptest", "internal/effect", "internal/arch", "screen/screentest")
}

// importArrows: a package imports only what the picture lets it. Tests may use
// what they like.
func importArrows(tr *tree) (bad []violation) {
	arrows := tr.block("arrows")
	if len(arrows) == 0 {
		return []violation{{path: picture, text: "there is no block of arrows"}}
	}
	for _, f := range tr.files {
		if f.test || forTests(f.dir) {
			continue
		}
		may, drawn := arrowsOf(arrows, f.dir)
		for _, i := range f.ast.Imports {
			to, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module+"/")
			if !ours || drawn && slices.ContainsFunc(may, func(n string) bool { return n == "*" || matches(n, to) }) {
				continue
			}
			bad = append(bad, violation{
				path: f.path, line: tr.line(i.Pos()), subject: to,
				text: fmt.Sprintf("%s does not import %s: %s draws no such arrow", f.dir, to, picture),
			})
		}
	}
	return bad
}

func arrowsOf(arrows map[string][]string, dir string) (may []string, drawn bool) {
	for name, to := range arrows {
		if matches(name, dir) {
			may, drawn = append(may, to...), true
		}
	}
	return may, drawn
}

// arrowsDrawn: each package stands in the picture, and the picture shows none
// that does not exist.
func arrowsDrawn(tr *tree) (bad []violation) {
	arrows := tr.block("arrows")
	packages := tr.packages()
	for _, dir := range packages {
		if _, drawn := arrowsOf(arrows, dir); !drawn && !forTests(dir) {
			bad = append(bad, violation{path: picture, subject: dir, text: dir + " is not drawn"})
		}
	}
	for name, to := range arrows {
		for _, n := range append([]string{name}, to...) {
			if n != "*" && !slices.ContainsFunc(packages, func(dir string) bool { return matches(n, dir) }) {
				bad = append(bad, violation{path: picture, subject: n, text: n + " is drawn but does not exist"})
			}
		}
	}
	return bad
}

// moduleOwners: a third-party module is imported only where the picture says.
func moduleOwners(tr *tree) (bad []violation) {
	owners := tr.block("modules")
	for _, f := range tr.files {
		if f.test || forTests(f.dir) {
			continue
		}
		for _, i := range f.ast.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			first, _, _ := strings.Cut(p, "/")
			if !strings.Contains(first, ".") || under(p, module) || owned(owners, p, f.dir) {
				continue
			}
			bad = append(bad, violation{
				path: f.path, line: tr.line(i.Pos()), subject: p,
				text: fmt.Sprintf("%s does not use %s: %s gives it to others", f.dir, p, picture),
			})
		}
	}
	return bad
}

func owned(owners map[string][]string, imported, dir string) bool {
	for mod, dirs := range owners {
		if under(imported, mod) && slices.ContainsFunc(dirs, func(n string) bool { return matches(n, dir) }) {
			return true
		}
	}
	return false
}

// publicStandardLibrary: what others may import drags nothing along.
func publicStandardLibrary(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if f.test || within(f.dir, "internal", "cmd", "test", "bench") {
			continue
		}
		for _, p := range f.imports() {
			first, _, _ := strings.Cut(p, "/")
			if strings.Contains(first, ".") && !under(p, module) || under(p, module+"/internal") {
				bad = append(bad, violation{path: f.path, subject: p, text: "a public package imports " + p})
			}
		}
	}
	return bad
}

// worldByName: the world is touched in few places.
func worldByName(tr *tree) (bad []violation) {
	only := map[string][]string{
		"net":          {"internal/wire", "internal/locate", "internal/fetch"},
		"net/http":     {"internal/api", "internal/fetch"},
		"database/sql": {"internal/store"},
		"os":           {"cmd", "internal/config", "internal/store"},
		"os/exec":      {},
		"unsafe":       {"internal/wire"},
		"plugin":       {},
		"C":            {},
	}
	for _, f := range tr.files {
		if f.test || forTests(f.dir) {
			continue
		}
		for _, i := range f.ast.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			key := p
			if p == "os/signal" || p == "os/user" {
				key = "os"
			}
			if dirs, limited := only[key]; limited && !within(f.dir, dirs...) {
				bad = append(bad, violation{
					path: f.path, line: tr.line(i.Pos()), subject: p,
					text: fmt.Sprintf("%q is for %s", p, strings.Join(append(slices.Clone(dirs), "nobody else"), ", ")),
				})
			}
		}
	}
	return bad
}

// hotPathImports: what makes a message cost allocations is not even in reach.
func hotPathImports(tr *tree) (bad []violation) {
	hot := []string{"sip", "internal/wire", "internal/guard", "internal/txn"}
	for _, f := range tr.files {
		if f.test || !slices.ContainsFunc(hot, func(h string) bool { return f.dir == h || f.dir == "sip/uri" }) {
			continue
		}
		for _, p := range f.imports() {
			if p == "reflect" || p == "regexp" || p == "encoding/json" || p == "log" {
				bad = append(bad, violation{path: f.path, subject: p, text: p + " has no place on the packet's path"})
			}
		}
	}
	return bad
}

// packageNames: a name says what is inside.
func packageNames(tr *tree) (bad []violation) {
	empty := []string{"pkg", "util", "utils", "common", "helpers", "types", "models", "core", "base", "lib", "misc", "shared"}
	for _, dir := range tr.packages() {
		for _, part := range strings.Split(dir, "/") {
			if slices.Contains(empty, part) {
				bad = append(bad, violation{path: dir, subject: part, text: "a package called " + part + " says nothing"})
			}
		}
	}
	return bad
}
