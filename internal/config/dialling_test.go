package config

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

var update = flag.Bool("update", false, "write dialling.txt anew from the library's plans")

// dialling is the table as the library has it: of each country code the plan of its main country.
func dialling(t *testing.T) string {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	plans := map[int32]*phonenumbers.PhoneMetadata{}
	for _, m := range all.GetMetadata() {
		if plans[m.GetCountryCode()] == nil || m.GetMainCountryForCode() {
			plans[m.GetCountryCode()] = m
		}
	}
	var lines []string
	for code, m := range plans {
		international := m.GetPreferredInternationalPrefix()
		if international == "" {
			international = m.GetInternationalPrefix()
		}
		lines = append(lines, fmt.Sprintf("%d %s %s\n", code, only(strings.ReplaceAll(international, "~", "")), only(m.GetNationalPrefix())))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// only is a prefix of digits, or "-" for none and for a choice of several.
func only(prefix string) string {
	if prefix == "" || strings.Trim(prefix, "0123456789") != "" {
		return "-"
	}
	return prefix
}

func TestDiallingPlansAreTheLibrarys(t *testing.T) {
	want := dialling(t)
	if *update {
		if err := os.WriteFile("dialling.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diallingPlans != want {
		t.Error("dialling.txt is not that of the library: go test ./internal/config -update")
	}
}

func TestACountryBringsItsPrefixes(t *testing.T) {
	for text, want := range map[string]Numbers{
		"{country: 1}":                      {"1", "011", "1"},
		"{country: 49}":                     {"49", "00", "0"},
		"{country: 39}":                     {"39", "00", ""},
		"{country: 7}":                      {"7", "810", "8"},
		"{country: 36}":                     {"36", "00", "06"},
		"{country: 61}":                     {"61", "0011", "0"},
		"{country: 65}":                     {"65", "", ""}, // three to choose from
		"{country: 999}":                    {"999", "", ""},
		"{country: 49, trunk: 9}":           {"49", "00", "9"},
		"{country: 1, international: 9011}": {"1", "9011", "1"},
		"{international: 011}":              {"", "011", ""},
	} {
		c, err := Parse("test", []byte("numbers: "+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Numbers != want {
			t.Errorf("%s: %+v, want %+v", text, c.Numbers, want)
		}
	}
}
