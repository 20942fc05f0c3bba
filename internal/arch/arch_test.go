package arch

import (
	"testing"
)

// TestRules checks the tree against every rule.
func TestRules(t *testing.T) {
	tr := theTree(t)
	used := make([]bool, len(allowances()))
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			for _, v := range r.check(tr) {
				v.rule = r.name
				if !allowed(v, used) {
					t.Error(v)
				}
			}
		})
	}
	for i, a := range allowances() {
		if !used[i] {
			t.Errorf("the allowance of %s for %s %s is not needed (any more): %s", a.rule, a.path, a.subject, a.reason)
		}
	}
}

// A rule finds the places that break it.
type rule struct {
	name  string
	check func(*tree) []violation
}

func rules() []rule {
	return []rule{
		{"import-arrows", importArrows},
		{"arrows-drawn", arrowsDrawn},
		{"modules", moduleOwners},
		{"public-standard-library", publicStandardLibrary},
		{"world-by-name", worldByName},
		{"hot-path-imports", hotPathImports},
		{"package-names", packageNames},
		{"file-length", fileLength},
		{"function-length", functionLength},
		{"no-init", noInit},
		{"package-variables", packageVariables},
		{"package-comment", packageComment},
		{"documented", exportedDocumented},
		{"formatted", formatted},
		{"check-shape", checkShape},
		{"signals", signalNames},
		{"no-sleep", noSleep},
		{"no-skip", noSkip},
		{"no-leftovers", noLeftovers},
		{"no-machine-paths", noMachinePaths},
	}
}

// An allowance lets one place break one rule, for a reason. path is a file, or
// a folder with a slash at its end; an empty subject stands for all.
type allowance struct {
	rule, path, subject, reason string
}

func (a allowance) covers(v violation) bool {
	inPath := a.path == v.path || len(a.path) > 0 && a.path[len(a.path)-1] == '/' && under(v.path, a.path[:len(a.path)-1])
	return a.rule == v.rule && inPath && (a.subject == "" || a.subject == v.subject)
}

func allowed(v violation, used []bool) bool {
	found := false
	for i, a := range allowances() {
		if a.covers(v) {
			used[i], found = true, true
		}
	}
	return found
}
