package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestListsSayWhereTheirEntriesAreFrom: what has a note of its own keeps it.
func TestListsSayWhereTheirEntriesAreFrom(t *testing.T) {
	p := newPlace(t)
	p.write("vendor, May.txt", "+15551230001\n+15551230002 # rang at night\n")
	for _, c := range []struct{ list, note, want string }{{"bare", "", "from vendor, May.txt"}, {"noted", "bought", "bought"}} {
		args := []string{"list", "import", filepath.Join(p.dir, "vendor, May.txt"), "--list", c.list}
		if c.note != "" {
			args = append(args, "--note", c.note)
		}
		p.must("", args...)
		if out := p.must("", "list", "export", "--list", c.list); !strings.Contains(out, c.want) || !strings.Contains(out, "rang at night") || strings.Contains(out, p.dir) {
			t.Errorf("list %s:\n%s", c.list, out)
		}
	}
	p.must("+15551230003\n", "list", "import", "--list", "piped")
	if out := p.must("", "list", "export", "--list", "piped"); strings.Contains(out, "from") {
		t.Errorf("list piped:\n%s", out)
	}
}

// Poison is left out line by line and told of while no server runs, as the server does it.
func TestPoisonIsLeftOutWithoutAServer(t *testing.T) {
	p := newPlace(t)
	p.write("gatehouse.yaml", "console: "+p.console+"\ndomains: [{name: example.test, deliver: \"sip:203.0.113.20\"}]\npeers: [{name: carrier, addresses: [198.51.100.0/24]}]\n")
	p.write("list.txt", "+15551230001\n0.0.0.0/0\n10.1.2.3\n198.51.100.7\n203.0.113.20\nsip:bob@example.test\n+49*\n112\n"+strings.Repeat("5", 100000)+"\n192.0.2.44\n")
	out := p.must("", "list", "import", "list.txt")
	if !strings.HasPrefix(out, "local: 2 entries imported, 8 left out\n") || strings.Count(out, "\n  line ") != 8 {
		t.Errorf("got\n%s", out)
	}
	if shown := p.must("", "list", "show", "local"); strings.Count(shown, "\n") != 3 || !strings.Contains(shown, "192.0.2.44") {
		t.Errorf("on the list:\n%s", shown)
	}
}
