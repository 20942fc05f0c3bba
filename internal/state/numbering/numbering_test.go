package numbering

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

var update = flag.Bool("update", false, "write table.bin anew from the library's plans")

// TestTableIsThatOfTheLibrary keeps what is embedded equal to what the library's version in go.mod knows.
func TestTableIsThatOfTheLibrary(t *testing.T) {
	want := build(t)
	if *update {
		if err := os.WriteFile("table.bin", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(want) != embedded {
		t.Errorf("table.bin is not that of the library: go test ./internal/state/numbering -update")
	}
}

func table(t testing.TB) *Table {
	t.Helper()
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLook(t *testing.T) {
	n := table(t)
	for number, want := range map[string]Fact{
		"+12125550100":   {FixedOrMobile, "US", 1},
		"+18005551212":   {TollFree, "US", 1},
		"+18764321098":   {Mobile, "JM", 1},
		"+19005551234":   {Premium, "US", 1},
		"+442079460000":  {Fixed, "GB", 2},
		"+447400123456":  {Mobile, "GB", 2},
		"+447911123456":  {Mobile, "GG", 2},
		"+4930123456":    {Fixed, "DE", 2},
		"+4915112345678": {Mobile, "DE", 2},
		"+390612345678":  {Fixed, "IT", 2},
		"+870773111632":  {Mobile, "001", 3},
		"+11234567890":   {Invalid, "", 1},
		"+1212555010":    {Invalid, "", 1},
		"+121255501000":  {Invalid, "", 1},
		"+99912345678":   {Invalid, "", 0},
		"+0123456789":    {},
		"2125550100":     {},
		"+":              {},
		"":               {},
		"+1a":            {Invalid, "", 1},
	} {
		if got := n.Look(number); got != want {
			t.Errorf("%s: %+v, want %+v", number, got, want)
		}
	}
}

// TestTableAgreesWithTheLibrary compares numbers of all countries: the library's examples, and these with digits changed.
func TestTableAgreesWithTheLibrary(t *testing.T) {
	n := table(t)
	random := rand.New(rand.NewPCG(1, 2))
	compared, differ := 0, 0
	check := func(code int32, national string) {
		number := fmt.Sprintf("+%d%s", code, national)
		p := &phonenumbers.PhoneNumber{}
		if err := phonenumbers.ParseToNumber(number, "", p); err != nil || phonenumbers.GetNationalSignificantNumber(p) != national {
			return // the library has mended it
		}
		compared++
		if want := phonenumbers.IsValidNumber(p); (n.Look(number).Kind != Invalid) != want {
			if differ++; differ < 20 {
				t.Logf("%s: valid %v, want %v", number, !want, want)
			}
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			national := phonenumbers.GetNationalSignificantNumber(example)
			check(example.GetCountryCode(), national)
			for range 20 {
				changed := []byte(national)
				for range 1 + random.IntN(3) {
					changed[random.IntN(len(changed))] = '0' + byte(random.IntN(10))
				}
				check(example.GetCountryCode(), string(changed[:len(changed)-random.IntN(2)]))
			}
		}
	}
	// Where several countries share a code the library asks for the leading digits of each first; the table takes what any of them has.
	if compared < 10_000 || differ*1000 > compared {
		t.Errorf("%d of %d numbers differ", differ, compared)
	}
	t.Logf("%d of %d numbers differ", differ, compared)
}

func TestWidePrefixes(t *testing.T) {
	n := table(t)
	for prefix, want := range map[string]bool{
		"+": false, "+1": true, "+4": true, "+49": true, "+353": true, "+35": true, "+1876": true, "+1212": false, "+4930": false, "+3531": false,
		"0900": false, "+999": true,
	} {
		if got := n.Wide(prefix); (got != "") != want {
			t.Errorf("%s: %q", prefix, got)
		}
	}
}

func TestTrunkPrefixBehindTheCountryCode(t *testing.T) {
	n := table(t)
	for number, want := range map[string]string{"+4402079460000": "+442079460000", "+49030123456": "+4930123456", "+390612345678": "", "+12125550100": "", "+44": ""} {
		if got, ok := n.WithoutTrunk(number); ok != (want != "") || ok && got != want {
			t.Errorf("%s became %s", number, got)
		}
	}
}

func TestDamagedTableIsRefused(t *testing.T) {
	for _, s := range []string{"", magic, embedded[:len(embedded)-1], embedded + "x", "x" + embedded[1:]} {
		if _, err := parse(s); err == nil {
			t.Errorf("%d octets were taken", len(s))
		}
	}
}

func TestLookAllocatesNothing(t *testing.T) {
	n := table(t)
	if a := testing.AllocsPerRun(1000, func() { n.Look("+442079460000") }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func FuzzLook(f *testing.F) {
	n := table(f)
	f.Add("+12125550100")
	f.Fuzz(func(t *testing.T, number string) {
		if got := n.Look(number); got.Kind != Invalid && (got.Code == 0 || got.Region == "" || len(number) > 20) {
			t.Fatalf("%q: %+v", number, got)
		}
		n.Wide(number)
		n.WithoutTrunk(number)
	})
}

func BenchmarkLook(b *testing.B) {
	n := table(b)
	b.ReportAllocs()
	for b.Loop() {
		n.Look("+442079460000")
	}
}
