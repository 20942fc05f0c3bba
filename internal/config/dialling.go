package config

import (
	_ "embed"
	"strings"
)

// diallingPlans has a line for each country code: what is dialled before a foreign number, and before a national one with its area code; "-" is nothing, or
// more than one thing. ITU-T E.164, as libphonenumber knows it: the test makes the file, with -update, and compares it.
//
//go:embed dialling.txt
var diallingPlans string

// complete fills in what the country dials, where the file only names the country.
func (n *Numbers) complete() {
	if n.Country == "" {
		return
	}
	_, rest, _ := strings.Cut("\n"+diallingPlans, "\n"+string(n.Country)+" ")
	line, _, _ := strings.Cut(rest, "\n")
	international, trunk, _ := strings.Cut(line, " ")
	if n.International == "" && international != "-" {
		n.International = Text(international)
	}
	if n.Trunk == "" && trunk != "-" {
		n.Trunk = Text(trunk)
	}
}
