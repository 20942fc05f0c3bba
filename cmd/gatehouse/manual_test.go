package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"gatehouse.example/internal/config"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestManualShowsCommandsThatExist parses each command line of the documents.
func TestManualShowsCommandsThatExist(t *testing.T) {
	shown := regexp.MustCompile("(?m)(?:^ *(?:sudo -u gatehouse )?|`(?:sudo -u gatehouse )?)gatehouse ((?:--config|serve|screen|attempts|list|ban|address|user|uri|config|version)[^`\n|<#]*)")
	words := regexp.MustCompile(`"[^"]*"|[^ ]+`)
	for _, doc := range []string{"docs/operating.md", "README.md"} {
		found := shown.FindAllStringSubmatch(readDoc(t, doc), -1)
		if len(found) < 3 {
			t.Errorf("%s shows %d commands", doc, len(found))
		}
		for _, match := range found {
			var args []string
			for _, word := range words.FindAllString(match[1], -1) {
				args = append(args, strings.Trim(word, `"`))
			}
			if strings.HasSuffix(match[1], "--allow") {
				args = append(args, "sip:mum@example.test") // named in passing
			}
			parser, err := kong.New(new(cli), kong.Writers(io.Discard, io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s: gatehouse %s: %v", doc, match[1], err)
			}
		}
	}
}

// TestExampleConfigurationsAreRight loads docs/gatehouse.yaml and each YAML example of the documents, and wants every key in the
// first.
func TestExampleConfigurationsAreRight(t *testing.T) {
	p := newPlace(t)
	whole := readDoc(t, "docs/gatehouse.yaml")
	examples := []string{whole}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, doc := range []string{"docs/operating.md", "README.md"} {
		for _, match := range block.FindAllStringSubmatch(readDoc(t, doc), -1) {
			examples = append(examples, match[1])
		}
	}
	for _, example := range examples {
		p.write("example.yaml", example)
		// Not config check: that one wants the files that the examples name.
		if out, errs, status := p.run("", "--config", "example.yaml", "config", "show"); status != 0 {
			t.Errorf("%s%s\n%s", out, errs, example)
		}
	}
	shown, err := config.Default().Show()
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^ *(?:- )?([a-z0-9_]+):`).FindAllStringSubmatch(string(shown), -1) {
		if !regexp.MustCompile(`(?m)[ {]` + match[1] + `:|^` + match[1] + `:`).MatchString(whole) {
			t.Errorf("docs/gatehouse.yaml says nothing about %s", match[1])
		}
	}
}
