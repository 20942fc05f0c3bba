package stir_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/identity.md anew")

// row is a case of the conformance table: what it is, which section rules it, what we say.
type row struct {
	name, section, want string
	run                 func(w *world) string
}

// tables are the parts of the table, in the order of the page.
func tables() []struct {
	title string
	rows  []row
} {
	return []struct {
		title string
		rows  []row
	}{
		{"The header field and its parameters", headerRows()},
		{"The token", tokenRows()},
		{"Who calls and who is called", partyRows()},
		{"Time and replays", timeRows()},
		{"Certificates", certificateRows()},
		{"Diverted calls", divertRows()},
		{"Messages, media, display, priority", contentRows()},
		{"Several header fields", severalRows()},
		{"RFC 4474", legacyRows()},
		{"Signing", signRows()},
		{"What others are told", reportRows()},
	}
}

// TestConformance runs every row.
func TestConformance(t *testing.T) {
	n := 0
	for _, table := range tables() {
		for _, r := range table.rows {
			n++
			t.Run(table.title+"/"+r.name, func(t *testing.T) {
				if got := r.run(newWorld()); got != r.want {
					t.Errorf("%q, want %q", got, r.want)
				}
			})
		}
	}
	if n < 60 {
		t.Errorf("%d rows, at least 60", n)
	}
}

const (
	tableBegin = "<!-- table: written by go test ./stir -update -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// TestTheManualHasTheTable compares docs/identity.md with the rows; with -update it writes them there.
func TestTheManualHasTheTable(t *testing.T) {
	path := filepath.Join("..", "docs", "identity.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(page, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	want := bytes.Join([][]byte{before, []byte(tableBegin), conformanceTable(), []byte(tableEnd), after}, nil)
	if bytes.Equal(page, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale: go test ./stir -run TestTheManual -update", path)
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

func conformanceTable() []byte {
	var b bytes.Buffer
	for _, table := range tables() {
		fmt.Fprintf(&b, "\n### %s\n\n| Case | Rule | Result |\n|---|---|---|\n", table.title)
		for _, r := range table.rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(r.name), cell(r.section), cell(r.want))
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) }

// TestNoTwoRowsAreTheSame: names are what a failing row is found by.
func TestNoTwoRowsAreTheSame(t *testing.T) {
	seen := make(map[string]bool)
	for _, table := range tables() {
		for _, r := range table.rows {
			if seen[r.name] {
				t.Errorf("%q twice", r.name)
			}
			seen[r.name] = true
		}
	}
}
