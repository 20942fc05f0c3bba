package config

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// shown checks that what Show prints loads again to the same values, and that
// showing those changes nothing more.
func shown(t *testing.T, c *Config) {
	t.Helper()
	first, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("shown.yaml", first)
	if err != nil {
		t.Fatalf("%v\n%s", err, first)
	}
	second, err := again.Show()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Fatalf("shown once:\n%s\nshown twice:\n%s", first, second)
	}
	if keys := changed(c, again); len(keys) > 0 {
		t.Fatalf("%v differ after show:\n%s", keys, first)
	}
}

func TestShowLoadsAgain(t *testing.T) {
	shown(t, Default())
	for _, name := range []string{"testdata/v1.yaml"} {
		c, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		shown(t, c)
	}
}

func TestShowFillsInDefaults(t *testing.T) {
	c, err := Parse("f.yaml", []byte("data: there\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"data: there", "  - udp://127.0.0.1:5060", "lookup_deadline: 150ms", "deliver: home", "mode: monitor", "max_size: 2GB", "level: info"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	js, err := c.JSON()
	if err != nil || !bytes.Contains(js, []byte(`"data": "there"`)) {
		t.Errorf("%v %s", err, js)
	}
}

// FuzzParse holds that no file makes Parse panic, and that a file which loads
// is shown as one that loads to the same.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/v1.yaml", "testdata/errors.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "\n=== ") {
			f.Add([]byte(block))
			_, body, _ := strings.Cut(block, "\n")
			body, _, _ = strings.Cut(body, "\n--- ")
			f.Add([]byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("f.yaml", text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		shown(t, c)
	})
}
