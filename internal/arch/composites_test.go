package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"strconv"
	"strings"
)

// compositesIn is where the composites below every policy are written.
const compositesIn = "cmd/gatehouse"

// writeComposites adds the composites that are shipped to the page of checks.
func (tr *tree) writeComposites(b *bytes.Buffer) error {
	b.WriteString("\n## Composites below every policy\n\nFacts that take others away. A policy's composite of the same name replaces one; `weights` changes what it adds.\n\n" +
		"| Composite | Weight | Fires with | Takes away | Meaning |\n|---|---:|---|---|---|\n")
	for _, f := range tr.in(compositesIn) {
		var failed error
		ast.Inspect(f.ast, func(n ast.Node) bool {
			list, ok := n.(*ast.CompositeLit)
			if !ok || failed != nil {
				return failed == nil
			}
			if array, ok := list.Type.(*ast.ArrayType); !ok || typeName(array.Elt) != "screen.Composite" {
				return true
			}
			for _, e := range list.Elts {
				if lit, ok := e.(*ast.CompositeLit); ok && failed == nil {
					failed = writeComposite(b, lit)
				}
			}
			return false
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

func writeComposite(b *bytes.Buffer, lit *ast.CompositeLit) error {
	words, weight := map[string]string{}, 0.0
	for key, e := range fields(lit) {
		var err error
		switch key {
		case "Weight":
			weight, err = number(e, nil)
		case "Name", "Description":
			words[key], err = text(e, nil)
		default:
			words[key], err = names(e)
		}
		if err != nil {
			return fmt.Errorf("composite: %s: %w", key, err)
		}
	}
	fires := words["All"]
	for _, part := range []struct{ key, word string }{{"Any", "any of "}, {"Not", "without "}} {
		if words[part.key] != "" {
			fires = strings.TrimPrefix(fires+"; "+part.word+words[part.key], "; ")
		}
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", words["Name"], strconv.FormatFloat(weight, 'g', -1, 64), fires, words["Cancels"], escape(oneLine(words["Description"])))
	return nil
}

// names are the signals of a list.
func names(e ast.Expr) (string, error) {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return "", fmt.Errorf("not a literal")
	}
	var all []string
	for _, el := range list.Elts {
		name, err := text(el, nil)
		if err != nil {
			return "", err
		}
		all = append(all, "`"+name+"`")
	}
	return strings.Join(all, ", "), nil
}
