package arch

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/rfc.md and docs/checks.md anew")

// TestGeneratedPagesAreFresh compares the generated pages with the sources;
// with -update it writes them.
func TestGeneratedPagesAreFresh(t *testing.T) {
	tr := theTree(t)
	checks, err := tr.checksPage()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"docs/rfc.md": tr.rfcPage(), "docs/checks.md": checks} {
		if bytes.Equal(tr.texts[name], want) {
			continue
		}
		if !*update {
			t.Errorf("%s is stale: go test ./internal/arch -update", name)
			continue
		}
		root, err := findRoot()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checksPage writes docs/checks.md.
func (tr *tree) checksPage() ([]byte, error) {
	var checks []*checkInfo
	for _, dir := range tr.checkDirs() {
		c, err := tr.readCheck(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		checks = append(checks, c)
	}
	stages := []string{"Cheap", "Lookup", "Interactive"}
	slices.SortStableFunc(checks, func(a, b *checkInfo) int {
		return cmp.Compare(slices.Index(stages, a.stage), slices.Index(stages, b.stage))
	})
	var b bytes.Buffer
	b.WriteString(`# Checks

Generated from the sources by ` + "`go test ./internal/arch -update`" + `; do not edit.

A check reports signals of strength 0 to 1. What a signal adds to the score is its strength times its weight; the
weights below are the defaults, ` + "`policy.weights`" + ` changes them. A negative weight speaks for the caller. Cheap checks run
on every attempt, Lookup checks only while they could still change the action.

| Check | Stage | Technique | Signals |
|---|---|---|---|
`)
	for _, c := range checks {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %d |\n", c.name, c.name, c.stage, technique(c.rfc), len(c.signals))
	}
	for _, c := range checks {
		writeCheck(&b, c)
	}
	if err := tr.writeComposites(&b); err != nil {
		return nil, err
	}
	b.WriteString(whereWeightsComeFrom)
	return b.Bytes(), nil
}

func technique(rfc string) string {
	if rfc == "" {
		return ""
	}
	return "RFC " + rfc
}

func writeCheck(b *bytes.Buffer, c *checkInfo) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", c.name, c.doc)
	fmt.Fprintf(b, "Stage %s; %s. More in [its README](../%s/README.md).\n\n", c.stage, technique(c.rfc), c.dir)
	b.WriteString("| Signal | Weight | Meaning |\n|---|---:|---|\n")
	for _, s := range c.signals {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", s.name, strconv.FormatFloat(s.weight, 'g', -1, 64), escape(oneLine(s.description)))
	}
	if len(c.settings) == 0 {
		b.WriteString("\nNo settings.\n")
		return
	}
	b.WriteString("\n| Setting | Type | Meaning |\n|---|---|---|\n")
	for _, s := range c.settings {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", s.key, strings.TrimPrefix(s.kind, "time."), escape(s.doc))
	}
}
