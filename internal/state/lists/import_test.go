package lists_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/lists"
)

func TestImportLines(t *testing.T) {
	l := newLists(nil)
	text := "# a list from elsewhere\n\n+1 555 123 0001  # called twice\n192.0.2.7\n10.1.2.3\n0.0.0.0/0\n1.0.0.0/7\n2000::/3\n+1*\n*.com\n  bad.test\r\n127.0.0.1\nfe80::1\n"
	expires := now().Add(90 * 24 * time.Hour)
	got, err := l.Import(context.Background(), "public", strings.NewReader(text), lists.ImportOptions{Note: "from elsewhere", Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	if got.Entries != 3 || got.RefusedCount != 8 || len(got.Refused) != 8 {
		t.Errorf("got %+v", got)
	}
	if r := got.Refused[0]; r.Line != 5 || r.Value != "10.1.2.3" || !strings.Contains(r.Reason, "10.0.0.0/8") {
		t.Errorf("got %+v", r)
	}
	entries := l.Entries("public")
	if entries[0].Note != "called twice" || entries[1].Note != "from elsewhere" || !entries[2].Expires.Equal(expires) {
		t.Errorf("got %+v", entries)
	}
	told := lists.ImportOptions{AllowPrivate: true, AllowWide: true}
	if got, err := l.Import(context.Background(), "public", strings.NewReader(text), told); err != nil || got.Entries != 11 || got.RefusedCount != 0 {
		t.Errorf("told to take all: %+v, %v", got, err)
	}
}

func TestImportErrorNamesTheLineAndImportsNothing(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a.test\n\nwhat is this\n", `lists: import: line 3: lists: value "what is this": not a number`},
		{"value,kind,note,expires\na.test,block,,\nb.test,deny,,\n", `lists: import: line 3: lists: kind "deny" is neither block nor allow`},
		{"value,kind\nb.test,block,,tomorrow\n", `lists: import: line 2: expires "tomorrow" is neither`},
		{"value,kind\nb.test,\"block\n", `lists: import: parse error on line 2`},
		{"value,kind\n\"" + strings.Repeat("x", 100_000) + "\"\n", `lists: import: line 2 is longer than 64 KB`},
	} {
		l := newLists(nil)
		if _, err := l.Import(context.Background(), "x", strings.NewReader(c.text), lists.ImportOptions{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
		if l.Len() != 0 {
			t.Errorf("%q: %d entries were imported", c.text, l.Len())
		}
	}
}

func TestCSVRoundTrip(t *testing.T) {
	l := newLists(nil)
	text := "value,kind,note,expires\n+15551230001,block,\"said \"\"hi\"\", twice\",2026-12-31\nfriend.test,allow,,2027-01-01T10:00:00Z\nsip:bob@example.test,,,\n"
	if _, err := l.Import(context.Background(), "x", strings.NewReader(text), lists.ImportOptions{Kind: lists.Allow}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := l.Export(&out, "x", lists.CSV, 0); err != nil {
		t.Fatal(err)
	}
	want := "value,kind,note,expires\n+15551230001,block,\"said \"\"hi\"\", twice\",2026-12-31T00:00:00Z\n" +
		"friend.test,allow,,2027-01-01T10:00:00Z\nsip:bob@example.test,allow,,\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
	out.Reset()
	if err := l.Export(&out, "x", lists.Lines, lists.Block); err != nil || out.String() != "+15551230001  # said \"hi\", twice\n" {
		t.Errorf("got %q, %v", &out, err)
	}
}

// TestPublicListsOfSIPAttackers imports lists as they are published; one of them holds addresses of private networks.
func TestPublicListsOfSIPAttackers(t *testing.T) {
	dir, err := filepath.Abs(".")
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "shared", "testdata", "effect", "ip")); e == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Skip("shared/testdata is absent: the published lists are not tested")
	}
	files, err := filepath.Glob(filepath.Join(dir, "shared", "testdata", "effect", "ip", "*set"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no lists: %v", err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		l := newLists(nil)
		got, err := l.Import(context.Background(), "public", f, lists.ImportOptions{})
		f.Close()
		if err != nil || got.Entries < 200 {
			t.Errorf("%s: %+v, %v", filepath.Base(file), got, err)
		}
		if strings.HasPrefix(filepath.Base(file), "voipbl") && got.RefusedCount == 0 {
			t.Errorf("%s: nothing was refused", filepath.Base(file))
		}
		for _, private := range []string{"10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "0.0.0.111"} {
			if e := l.FindSource(lists.Block, netip.MustParseAddr(private), 0); e != nil {
				t.Errorf("%s: %s is blocked by %s", filepath.Base(file), private, e.Value)
			}
		}
		t.Logf("%s: %d entries, %d refused", filepath.Base(file), got.Entries, got.RefusedCount)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("+1 555 123 0001 # note\n192.0.2.0/24\nua:scanner\n")
	f.Add("value,kind,note,expires\na.test,allow,\"x\",2026-01-01\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := newLists(nil)
		got, err := l.Import(context.Background(), "x", strings.NewReader(text), lists.ImportOptions{})
		if err != nil {
			if l.Len() != 0 {
				t.Fatalf("an import that failed left %d entries", l.Len())
			}
			return
		}
		if l.Len() > got.Entries {
			t.Fatalf("%d entries of %d imported", l.Len(), got.Entries)
		}
		var out bytes.Buffer
		if err := l.Export(&out, "x", lists.CSV, 0); err != nil {
			t.Fatal(err)
		}
		again := newLists(nil)
		if _, err := again.Import(context.Background(), "x", &out, lists.ImportOptions{Format: lists.CSV}); err != nil {
			t.Fatalf("what was exported cannot be imported: %v", err)
		}
		if again.Len() != l.Len() {
			t.Fatalf("%d entries came back of %d", again.Len(), l.Len())
		}
	})
}
