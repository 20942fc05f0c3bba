package arch

import (
	"bytes"
	"go/ast"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// noSleep: tests wait for what they wait for, or run on virtual time.
func noSleep(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if !f.test || slices.Contains(f.imports(), "testing/synctest") {
			continue
		}
		calls(f, func(c *ast.CallExpr, on, name string) {
			if on == "time" && name == "Sleep" {
				bad = append(bad, violation{path: f.path, line: tr.line(c.Pos()), text: "time.Sleep in a test on real time"})
			}
		})
	}
	return bad
}

// noSkip: a test that skips says nothing. The data files that the project must
// not hold a copy of are the one reason.
func noSkip(tr *tree) (bad []violation) {
	for _, f := range tr.files {
		if !f.test {
			continue
		}
		calls(f, func(c *ast.CallExpr, on, name string) {
			if (name == "Skip" || name == "Skipf" || name == "SkipNow") && !bytes.Contains(f.src, []byte("shared/testdata")) {
				bad = append(bad, violation{path: f.path, line: tr.line(c.Pos()), text: "the test skips"})
			}
		})
	}
	return bad
}

// calls visits calls of the form on.name(…).
func calls(f *source, visit func(c *ast.CallExpr, on, name string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
				on := ""
				if id, ok := sel.X.(*ast.Ident); ok {
					on = id.Name
				}
				visit(c, on, sel.Sel.Name)
			}
		}
		return true
	})
}

// noLeftovers: nothing is left for later inside the sources.
func noLeftovers(tr *tree) []violation {
	word := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	return tr.grep(word, "left for later", func(p string) bool { return path.Ext(p) != ".md" && path.Ext(p) != ".txt" })
}

// noMachinePaths: the tree knows nothing of the machine that it was made on.
func noMachinePaths(tr *tree) []violation {
	places := []string{`/tmp/[a-z]+/`, `(^|[\s"'=(])/(work|root|home/[a-z]+)/`,
		`(proxy\.golang|registry\.npmjs|registry\.yarnpkg|files\.pythonhosted)\.org`, `\bpypi\.org`}
	if root, err := findRoot(); err == nil && strings.Count(root, "/") > 1 {
		places = append(places, regexp.QuoteMeta(root)+`\b`)
	}
	for _, host := range registries() {
		places = append(places, regexp.QuoteMeta(host))
	}
	return tr.grep(regexp.MustCompile(strings.Join(places, "|")), "a path or host of one machine", func(p string) bool {
		return !strings.HasPrefix(p, "internal/arch/")
	})
}

// registries are the hosts that this machine's tools are told to fetch from.
func registries() (hosts []string) {
	for _, name := range []string{"GOPROXY", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "npm_config_registry"} {
		for _, part := range strings.FieldsFunc(os.Getenv(name), func(r rune) bool { return r == ',' || r == '|' }) {
			if u, err := url.Parse(part); err == nil && u.Hostname() != "" {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	return hosts
}

func (tr *tree) grep(what *regexp.Regexp, text string, in func(p string) bool) (bad []violation) {
	for p, src := range tr.texts {
		if !in(p) || strings.Contains(p, "testdata/") {
			continue
		}
		for i, line := range bytes.Split(src, []byte("\n")) {
			if m := what.Find(line); m != nil {
				bad = append(bad, violation{path: p, line: i + 1, subject: string(m), text: text + ": " + string(bytes.TrimSpace(line))})
			}
		}
	}
	slices.SortFunc(bad, func(a, b violation) int { return strings.Compare(a.String(), b.String()) })
	return bad
}
