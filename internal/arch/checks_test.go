package arch

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// checkDirs are the folders of the techniques.
func (tr *tree) checkDirs() (dirs []string) {
	for _, dir := range tr.packages() {
		if path.Dir(dir) == "internal/check" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// checkShape: all checks look alike, so who knows one knows them all.
func checkShape(tr *tree) (bad []violation) {
	for _, dir := range tr.checkDirs() {
		for _, name := range []string{"check.go", "check_test.go", "README.md"} {
			if _, there := tr.texts[dir+"/"+name]; !there {
				bad = append(bad, violation{path: dir, subject: name, text: "there is no " + name})
			}
		}
		readme, there := tr.texts[dir+"/README.md"]
		for _, heading := range []string{"What it sees", "Signals", "Settings", "How a spammer gets round it", "References"} {
			if there && !regexp.MustCompile(`(?m)^#+ `+heading+`\s*$`).Match(readme) {
				bad = append(bad, violation{path: dir + "/README.md", subject: heading, text: "there is no heading " + heading})
			}
		}
	}
	return bad
}

// signalNames: a signal tells by its name which check reports it, and says
// what it means.
func signalNames(tr *tree) (bad []violation) {
	name := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)
	for _, dir := range tr.checkDirs() {
		c, err := tr.readCheck(dir)
		if err != nil {
			bad = append(bad, violation{path: dir, text: err.Error()})
			continue
		}
		if c.name != path.Base(dir) {
			bad = append(bad, violation{path: dir, text: fmt.Sprintf("the check calls itself %q", c.name)})
		}
		for _, s := range c.signals {
			prefix := strings.ToUpper(c.name) + "_"
			if !name.MatchString(s.name) || !strings.HasPrefix(s.name, prefix) {
				bad = append(bad, violation{path: dir, subject: s.name, text: s.name + " does not begin with " + prefix})
			}
			if s.description == "" {
				bad = append(bad, violation{path: dir, subject: s.name, text: s.name + " has no description"})
			}
		}
	}
	return bad
}
