package arch

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestRulesCatchWhatTheyForbid gives each rule a small tree that breaks it in
// known places, and one that does not.
func TestRulesCatchWhatTheyForbid(t *testing.T) {
	const drawn = "```arrows\nsip -> sip/uri\nsip/uri ->\ninternal/wire -> sip\ninternal/check/* -> sip\n```\n```modules\nexample.org/m -> internal/wire\n```\n"
	for _, c := range []struct {
		rule  string
		files map[string]string
		want  []string // "path:line subject"
	}{
		{"import-arrows", map[string]string{
			picture:                   drawn,
			"sip/a.go":                "package sip\nimport _ \"gatehouse.example/sip/uri\"\nimport _ \"gatehouse.example/internal/wire\"\n",
			"sip/a_test.go":           "package sip\nimport _ \"gatehouse.example/internal/wire\"\n",
			"sip/uri/a.go":            "package uri\nimport _ \"gatehouse.example/sip\"\n",
			"internal/check/x/a.go":   "package x\nimport _ \"gatehouse.example/sip\"\n",
			"internal/check/x/y/a.go": "package y\nimport _ \"gatehouse.example/sip\"\n",
		}, []string{"internal/check/x/y/a.go:2 sip", "sip/a.go:3 internal/wire", "sip/uri/a.go:2 sip"}},
		{"arrows-drawn", map[string]string{
			picture: drawn, "sip/a.go": "package sip", "sip/uri/a.go": "package uri", "internal/check/x/check.go": "package x", "new/a.go": "package new",
		}, []string{picture + ":0 internal/wire", picture + ":0 new"}},
		{"modules", map[string]string{
			picture: drawn, "internal/wire/a.go": "package wire\nimport _ \"example.org/m/sub\"\n", "sip/a.go": "package sip\nimport _ \"example.org/m\"\nimport _ \"net/url\"\n",
		}, []string{"sip/a.go:2 example.org/m"}},
		{"public-standard-library", map[string]string{
			"sip/a.go":           "package sip\nimport _ \"example.org/m\"\nimport _ \"gatehouse.example/internal/x\"\nimport _ \"gatehouse.example/verdict\"\n",
			"internal/x/a.go":    "package x\nimport _ \"example.org/m\"\n",
			"screen/a_test.go":   "package screen\nimport _ \"example.org/m\"\n",
			"verdict/verdict.go": "package verdict\nimport _ \"time\"\n",
		}, []string{"sip/a.go:0 example.org/m", "sip/a.go:0 gatehouse.example/internal/x"}},
		{"world-by-name", map[string]string{
			"sip/a.go":           "package sip\nimport _ \"net/netip\"\nimport _ \"net\"\nimport _ \"os/signal\"\n",
			"internal/wire/a.go": "package wire\nimport _ \"net\"\nimport _ \"unsafe\"\n",
			"internal/api/a.go":  "package api\nimport _ \"net/http\"\nimport _ \"database/sql\"\n",
		}, []string{"internal/api/a.go:3 database/sql", "sip/a.go:3 net", "sip/a.go:4 os/signal"}},
		{"hot-path-imports", map[string]string{
			"sip/a.go": "package sip\nimport _ \"regexp\"\nimport _ \"strconv\"\n", "verdict/a.go": "package verdict\nimport _ \"encoding/json\"\n",
		}, []string{"sip/a.go:0 regexp"}},
		{"package-names", map[string]string{"internal/util/a.go": "package util", "internal/utility/a.go": "package utility"}, []string{"internal/util:0 util"}},
		{"file-length", map[string]string{"a.go": "package a\n" + strings.Repeat("\n", 500), "b.go": "package b\n" + strings.Repeat("\n", 499)}, []string{"a.go:0 "}},
		{"function-length", map[string]string{
			"a.go":      "package a\nfunc short() {" + strings.Repeat("\n", 79) + "}\nfunc long() {" + strings.Repeat("\n", 80) + "}\n",
			"a_test.go": "package a\nfunc table() {\n_ = []int{" + strings.Repeat("\n", 200) + "}\n}\nfunc TestLong() {" + strings.Repeat("\n", 80) + "}\n",
		}, []string{"a.go:82 long", "a_test.go:205 TestLong"}},
		{"no-init", map[string]string{"a.go": "package a\nfunc init() {}\ntype t int\nfunc (t) init() {}\n"}, []string{"a.go:2 init"}},
		{"package-variables", map[string]string{
			"a.go": "package a\nvar ErrX = errors.New(\"x\")\nvar table = [2]int{1, 2}\nvar _ io.Reader = (*T)(nil)\nvar pattern = regexp.MustCompile(``)\n" +
				"var count int\nvar pool = sync.Pool{}\nvar m = map[string]int{}\nvar p = &T{}\n//go:embed x\nvar text string\nvar same = []int{3}\n",
			"b.go": "package a\nfunc f() { m[`a`] = 1; var same []int; same[0] = 2; local := 1; local++; use(&pool) }\n",
		}, []string{"a.go:6 count", "a.go:7 pool", "a.go:8 m", "a.go:9 p"}},
		{"package-comment", map[string]string{
			"a/a.go": "// Package a is.\npackage a", "b/b.go": "package b", "c/c.go": "// Package c is.\npackage c", "c/d.go": "// Package c too.\npackage c",
		}, []string{"b:0 ", "c:0 "}},
		{"documented", map[string]string{
			"a.go": "package a\nfunc F() {}\n// G does.\nfunc G() {}\ntype T int\nfunc (T) M() {}\ntype t int\nfunc (t) M() {}\n" +
				"const (\n\tA = 1\n\tB = 2 // fine\n)\n// Kinds.\nconst (\n\tC = 1\n)\nvar V = 1\n",
		}, []string{"a.go:10 A", "a.go:17 V", "a.go:2 F", "a.go:5 T", "a.go:6 M"}},
		{"formatted", map[string]string{"a.go": "package a\n\nvar x  = 1\n", "b.go": "package a\n\nvar y = 1\n"}, []string{"a.go:0 "}},
		{"check-shape", map[string]string{
			"internal/check/x/check.go": "package x", "internal/check/x/README.md": "# x\n## What it sees\n## Signals\n## Settings\n## References\n",
		}, []string{"internal/check/x/README.md:0 How a spammer gets round it", "internal/check/x:0 check_test.go"}},
		{"signals", map[string]string{
			"internal/check/x/check.go": "package x\nconst n = `X_` + `GOOD`\nvar Info = screen.Info{Name: `x`, Signals: []screen.SignalInfo{{Name: n, Description: `d`, Weight: -2}, {`Y_BAD`, `d`, 1}, {Name: `X_MUTE`}}}\n",
			"internal/check/y/check.go": "package y\n",
		}, []string{"internal/check/x:0 X_MUTE", "internal/check/x:0 Y_BAD", "internal/check/y:0 "}},
		{"no-sleep", map[string]string{
			"a_test.go": "package a\nfunc f() { time.Sleep(1) }\n", "b_test.go": "package a\nimport _ \"testing/synctest\"\nfunc g() { time.Sleep(1) }\n", "c.go": "package a\nfunc h() { time.Sleep(1) }\n",
		}, []string{"a_test.go:2 "}},
		{"no-skip", map[string]string{
			"a_test.go": "package a\nfunc f(t *testing.T) { t.Skip(`not today`) }\n", "b_test.go": "package a\nfunc g(t *testing.T) { t.Skip(`no shared/testdata`) }\n",
		}, []string{"a_test.go:2 "}},
		{"no-leftovers", map[string]string{"a.go": "package a\n// TO" + "DO: more\n", "b.md": "no TO" + "DO in code\n", "c.sql": "-- FIX" + "ME\n"}, []string{"a.go:2 TO" + "DO", "c.sql:1 FIX" + "ME"}},
		{"no-machine-paths", map[string]string{
			"a.md": "see /wo" + "rk/x\nand gatehouse.example/internal/home/x and /tmp\n", "b.sh": "cd \"/ro" + "ot/x\"\n", "c.yaml": "u: https://pyp" + "i.org/simple\n",
		}, []string{"a.md:1 see", "b.sh:1", "c.yaml:1"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for name, text := range c.files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			tr, err := readTree(fsys)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, ruleNamed(t, c.rule).check(tr), c.want)
		})
	}
}

func ruleNamed(t *testing.T, name string) rule {
	t.Helper()
	for _, r := range rules() {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("no rule %s", name)
	return rule{}
}

func compare(t *testing.T, found []violation, want []string) {
	t.Helper()
	var got []string
	for _, v := range found {
		got = append(got, fmt.Sprintf("%s:%d %s", v.path, v.line, v.subject))
	}
	slices.Sort(got)
	if len(got) != len(want) {
		t.Fatalf("found %q, want %q", got, want)
	}
	for i := range want {
		place, _, _ := strings.Cut(want[i], " ")
		if got[i] != want[i] && !strings.HasPrefix(got[i], place+" ") {
			t.Errorf("found %q, want %q", got[i], want[i])
		}
	}
}

// TestAllowanceCoversFileFolderAndSubject: a folder ends with a slash, and an
// empty subject stands for all.
func TestAllowanceCoversFileFolderAndSubject(t *testing.T) {
	v := violation{rule: "r", path: "internal/wire/conn.go", subject: "os"}
	for a, want := range map[allowance]bool{
		{"r", "internal/wire/", "os", ""}:         true,
		{"r", "internal/wire/conn.go", "", ""}:    true,
		{"r", "internal/wi/", "os", ""}:           false,
		{"r", "internal/wire/conn.go", "net", ""}: false,
		{"q", "internal/wire/", "os", ""}:         false,
		{"r", "internal/wire", "os", ""}:          false,
	} {
		if a.covers(v) != want {
			t.Errorf("%+v: %v", a, !want)
		}
	}
}

func TestCitationsAreRead(t *testing.T) {
	for in, want := range map[string][]string{
		"RFC 3261 §16.6: forward":                             {"3261 16.6"},
		"as RFC 3261 §8.1.1 and §8.2 say.":                    {"3261 8.1.1", "3261 8.2"},
		"RFC 3261 §22, 7616 and 8760 §2.4; RFC 6026 §7-8":     {"3261 22", "7616 ", "8760 2.4", "6026 7"},
		"RFC 3261 in 2048 octets":                             {"3261 "},
		"RFC 8225 Appendix A and RFC 3261 section 25.1.":      {"8225 ", "3261 25.1"},
		"RFC 3261, 1700 octets, §3":                           {"3261 "},
		"no RFC at all":                                       nil,
		"RFC 3261 §16.6 step 6 not done: nobody asks. And so": {"3261 16.6 step 6 not done: nobody asks"},
	} {
		var got []string
		for _, c := range parseCitations(in) {
			s := fmt.Sprintf("%d %s", c.rfc, c.section)
			if c.notDone != "" {
				s += " " + c.says
			}
			got = append(got, s)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSectionsSortAsNumbers(t *testing.T) {
	got := []string{"16.10", "16.2", "9", "16", "A.1", ""}
	slices.SortFunc(got, compareSections)
	if want := []string{"", "9", "16", "16.2", "16.10", "A.1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
