package arch

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A citation is one place where a comment names a section of an RFC. place is
// the declaration that the comment belongs to: line numbers would make the
// page stale with every edit.
type citation struct {
	rfc           int
	section       string // "" for the document as a whole
	file, place   string
	test          bool
	notDone, says string // the words after "not done:"
}

// citations finds all of them.
func (tr *tree) citations() (out []citation) {
	for _, f := range tr.files {
		if under(f.dir, "internal/arch") {
			continue
		}
		for _, g := range f.ast.Comments {
			for _, c := range parseCitations(oneLine(g.Text())) {
				c.file, c.test = f.path, f.test
				c.place = enclosing(f.ast, g)
				out = append(out, c)
			}
		}
	}
	return out
}

// parseCitations reads "RFC 3261 §16.6", "RFC 3261 §8.1 and §8.2", "RFC 3261
// §18, 7118" and the like.
func parseCitations(s string) (out []citation) {
	head := regexp.MustCompile(`\bRFCs? ?(\d{3,5})\b`)
	more := regexp.MustCompile(`^(?:,|;| and| or|, and)?\s*(?:(?:§+|[Ss]ection)\s*([0-9A-Z][0-9A-Za-z.]*)(?:[-–][0-9.]+)?|(\d{4})\b)`)
	for _, at := range head.FindAllStringSubmatchIndex(s, -1) {
		rfc, _ := strconv.Atoi(s[at[2]:at[3]])
		rest, cited := s[at[1]:], false
		for {
			m := more.FindStringSubmatch(rest)
			if m == nil || m[2] != "" && title(atoi(m[2])) == "" {
				break
			}
			if m[2] != "" {
				if !cited {
					out = append(out, citation{rfc: rfc})
				}
				rfc, cited = atoi(m[2]), false
			} else {
				out = append(out, citation{rfc: rfc, section: strings.TrimRight(m[1], ".")})
				cited = true
			}
			rest = rest[len(m[0]):]
		}
		if !cited {
			out = append(out, citation{rfc: rfc})
		}
		if said, ok := notDone(rest); ok {
			out[len(out)-1].notDone, out[len(out)-1].says = "not done", said
		}
	}
	return out
}

// notDone reads "step 6 not done: because …" after a citation.
func notDone(rest string) (string, bool) {
	before, after, found := strings.Cut(rest, "not done: ")
	if !found || len(before) > 40 || strings.Contains(before, "RFC") {
		return "", false
	}
	why, _, _ := strings.Cut(after, ". ")
	return oneLine(before + "not done: " + strings.TrimSuffix(why, ".")), true
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// enclosing names the declaration that a comment documents or stands in.
func enclosing(f *ast.File, g *ast.CommentGroup) string {
	if g == f.Doc {
		return "package comment"
	}
	if name := declaration(f, func(_ ast.Node, doc *ast.CommentGroup) bool { return doc == g }); name != "" {
		return name
	}
	return declaration(f, func(n ast.Node, _ *ast.CommentGroup) bool { return spans(n, g) })
}

// declaration names the first one that is meant.
func declaration(f *ast.File, meant func(n ast.Node, doc *ast.CommentGroup) bool) string {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if meant(d, d.Doc) {
				return funcName(d)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if name, doc := specName(s); meant(s, doc) || len(d.Specs) == 1 && meant(d, d.Doc) {
					return name
				}
			}
			if meant(d, d.Doc) && len(d.Specs) > 0 {
				name, _ := specName(d.Specs[0])
				return name
			}
		}
	}
	return ""
}

// spans tells whether a comment stands in a node, or behind it on its last line.
func spans(n ast.Node, g *ast.CommentGroup) bool {
	return n.Pos() <= g.Pos() && g.End() <= n.End()+token.Pos(len(g.List[0].Text)+8)
}

func specName(s ast.Spec) (string, *ast.CommentGroup) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return s.Name.Name, s.Doc
	case *ast.ValueSpec:
		return s.Names[0].Name, s.Doc
	}
	return "imports", nil
}

func funcName(d *ast.FuncDecl) string {
	if d.Recv != nil {
		return strings.TrimPrefix(typeName(d.Recv.List[0].Type), "*") + "." + d.Name.Name
	}
	return d.Name.Name
}

// rfcPage writes docs/rfc.md.
func (tr *tree) rfcPage() []byte {
	byRFC := make(map[int][]citation)
	for _, c := range tr.citations() {
		byRFC[c.rfc] = append(byRFC[c.rfc], c)
	}
	var b bytes.Buffer
	b.WriteString("# Where each RFC is obeyed\n\nGenerated from the comments by `go test ./internal/arch -update`; do not edit.\n")
	fmt.Fprintf(&b, "A place is a file and the declaration in it. %d documents are cited.\n", len(byRFC))
	notDone := tr.deviations()
	if len(notDone) > 0 {
		b.WriteString("\n## Deviations\n\n")
		for _, line := range notDone {
			b.WriteString(line)
		}
	}
	for _, rfc := range slices.Sorted(maps.Keys(byRFC)) {
		writeRFC(&b, rfc, byRFC[rfc])
	}
	return b.Bytes()
}

func (tr *tree) deviations() (out []string) {
	for _, c := range tr.citations() {
		if c.notDone != "" {
			out = append(out, fmt.Sprintf("- %s: %s (%s)\n", reference(c.rfc, c.section), escape(c.says), link(c)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func writeRFC(b *bytes.Buffer, rfc int, cs []citation) {
	fmt.Fprintf(b, "\n## RFC %d", rfc)
	if t := title(rfc); t != "" {
		b.WriteString(": " + t)
	}
	b.WriteString("\n\n| Section | Obeyed in | Tested in |\n|---|---|---|\n")
	bySection := make(map[string][]citation)
	for _, c := range cs {
		bySection[c.section] = append(bySection[c.section], c)
	}
	for _, s := range slices.SortedFunc(maps.Keys(bySection), compareSections) {
		fmt.Fprintf(b, "| %s | %s | %s |\n", reference(rfc, s), places(bySection[s], false), places(bySection[s], true))
	}
}

// compareSections sorts 9 before 10 and 9.1 after 9.
func compareSections(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		nx, ex := strconv.Atoi(x)
		ny, ey := strconv.Atoi(y)
		if ex == nil && ey == nil {
			return cmp.Compare(nx, ny)
		}
		return cmp.Compare(x, y)
	})
}

func reference(rfc int, section string) string {
	url := fmt.Sprintf("https://www.rfc-editor.org/rfc/rfc%d", rfc)
	switch {
	case section == "":
		return fmt.Sprintf("[RFC %d](%s)", rfc, url)
	case section[0] >= 'A':
		return fmt.Sprintf("[§%s](%s#appendix-%s)", section, url, section)
	}
	return fmt.Sprintf("[§%s](%s#section-%s)", section, url, section)
}

func places(cs []citation, test bool) string {
	var out []string
	for _, c := range cs {
		if c.test == test {
			out = append(out, link(c))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

func link(c citation) string {
	name := path.Base(path.Dir(c.file)) + "/" + path.Base(c.file)
	if c.place != "" {
		name += " " + c.place
	}
	return "[" + name + "](../" + c.file + ")"
}

func escape(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) }
