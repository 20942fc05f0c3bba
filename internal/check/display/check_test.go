package display_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"gatehouse.example/internal/check/display"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

// setup reads lines "First Bank: +18005551212 bank.test".
func setup(t testing.TB, lines []string) screen.Check {
	var cfg display.Config
	for _, line := range lines {
		name, by, _ := strings.Cut(line, ":")
		cfg.Protected = append(cfg.Protected, display.Protected{Name: name, By: strings.Fields(by)})
	}
	c, err := display.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCases(t *testing.T) {
	var write func(string, []byte) error
	if *update {
		write = func(name string, text []byte) error {
			return os.WriteFile(filepath.Join("testdata", name), text, 0o644)
		}
	}
	screentest.Run(t, os.DirFS("testdata"), setup, write)
}

func TestShortNamesCannotBeProtected(t *testing.T) {
	for _, name := range []string{"", "Bob", "a b c", strings.Repeat("x", 300)} {
		if _, err := display.New(display.Config{Protected: []display.Protected{{Name: name}}}); err == nil {
			t.Errorf("%.10q was taken", name)
		}
	}
}

func named(name string) *screen.Attempt {
	return &screen.Attempt{Kind: verdict.Call, FromNumber: "+12125550100", From: verdict.From{Claimed: "sip:+12125550100@carrier.test", Display: name}}
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c := setup(t, []string{"First Bank: bank.test", "Second Bank:"})
	for _, name := range []string{"Alice Example +1 212 555 0100", "Юлия Иванова"} {
		a, r := named(name), &screen.Report{}
		if n := testing.AllocsPerRun(1000, func() { c.Run(context.Background(), a, r) }); n != 0 {
			t.Errorf("%q: %v allocations", name, n)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for title, name := range map[string]string{"ascii": "Alice Example", "other": "Юлия Иванова", "longest": strings.Repeat("ы", 64)} {
		b.Run(title, func(b *testing.B) {
			c := setup(b, []string{"First Bank: bank.test", "Second Bank:"})
			a, r := named(name), &screen.Report{}
			b.ReportAllocs()
			for b.Loop() {
				c.Run(context.Background(), a, r)
			}
		})
	}
}

func FuzzRun(f *testing.F) {
	c := setup(f, []string{"First Bank: bank.test"})
	f.Add("First B\u200bank \u202e@ a@b.c +1 212 555 0199")
	f.Add("\xff\xfe@@..")
	f.Fuzz(func(t *testing.T, name string) {
		for _, s := range screentest.Signals(t, c, named(name)) {
			if len(s.Evidence) > 2000 || !utf8.ValidString(s.Evidence) {
				t.Fatalf("evidence %q", s.Evidence)
			}
		}
	})
}
