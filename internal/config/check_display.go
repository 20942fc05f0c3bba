package config

import (
	"fmt"
	"unicode"
)

// DisplayCheck judges display names.
type DisplayCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Protected are names that only some callers may bear.
	Protected []ProtectedName `yaml:"protected"`
}

// ProtectedName is a name and who may bear it.
type ProtectedName struct {
	// Name is found as whole words, in any case and in letters that look alike.
	Name string `yaml:"name"`
	// By are numbers (+18005551212), beginnings of numbers (+1800*) and domains
	// of callers who may bear it, once they are proven.
	By []Text `yaml:"by"`
}

func defaultDisplayCheck() DisplayCheck {
	return DisplayCheck{Enabled: true, Protected: []ProtectedName{}}
}

func (v *validation) displayCheck() {
	for i, p := range v.c.Checks.Display.Protected {
		letters := 0
		for _, c := range p.Name {
			if unicode.IsLetter(c) || unicode.IsDigit(c) {
				letters++
			}
		}
		if letters < 4 || len(p.Name) > 128 {
			v.problem(fmt.Sprintf("checks.display.protected[%d].name", i), "%q cannot be protected; a name has at least four letters", p.Name)
		}
	}
}
