// Package numbering knows the numbering plans of the world: which country a number belongs to, whether there can be such a number, and of which kind
// it is. ITU-T E.164; the plans are those of libphonenumber (through github.com/nyaruka/phonenumbers).
//
// That library's patterns are compiled beforehand into one automaton over digits that is embedded, table.bin (the test of this package
// makes it, with -update, and compares it with the library). A look-up is a walk of at most 15 steps: no allocation, no lock, tens of nanoseconds.
//
// It cannot tell whether a number is in use, only whether its plan has such numbers. Plans change: a table that is years old takes new ranges for
// invalid, so nothing may be refused for that alone.
package numbering

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"strconv"
)

// Kind is what a number is for, as its plan says.
type Kind uint8

// The kinds of number.
const (
	Invalid       Kind = iota // the country has no such number
	Fixed                     // a fixed line
	Mobile                    // a mobile telephone
	FixedOrMobile             // one of the two: the plan does not tell them apart
	TollFree                  // paid by the callee
	Premium                   // at the caller's cost, to the callee's profit
	SharedCost                // paid by both
	VoIP                      // of the Internet
	Personal                  // follows a person
	Pager                     // a pager
	Universal                 // of a company, wherever it answers
	Voicemail                 // a voice mailbox
)

var kindWords = [...]string{"invalid", "fixed", "mobile", "fixed or mobile", "toll-free", "premium", "shared cost", "VoIP", "personal", "pager",
	"universal access", "voicemail"}

// String returns the kind in words.
func (k Kind) String() string { return kindWords[min(int(k), len(kindWords)-1)] }

// Fact is what the plans say of a number.
type Fact struct {
	// Kind is Invalid where there is no such number.
	Kind Kind
	// Region is the ISO 3166 code ("US"); "001" is no country but a service of the world; empty where that cannot be told.
	Region string
	// Code is how many digits the country code has; 0 where no country has one that these digits begin with.
	Code int
}

//go:embed table.bin
var embedded string

// Table holds all plans. It is read-only and safe for concurrent use.
type Table struct {
	regions string // two or three letters each, in threes
	codes   string // a bit for each number below 1000: it is a country code
	labels  string // by state: what a number that ends here is
	next    string // by state: ten followers
}

// The table:
//
//	"GHnum1"     6 octets
//	regions, states: how many, 2 and 4 octets, big-endian
//	regions      3 octets each, padded with spaces
//	codes        125 octets, a bit for each country code
//	labels       2 octets a state: kind in the upper four bits, region in the rest
//	next         ten times 2 octets a state: the state behind each digit; 0 is no number
const (
	magic      = "GHnum1"
	codesSize  = 125
	root       = 1
	labelSize  = 2
	digitCount = 10
)

var errTable = errors.New("numbering: the table is damaged")

// New returns the table that is built in.
func New() (*Table, error) { return parse(embedded) }

func parse(s string) (*Table, error) {
	const head = len(magic) + 2 + 4
	if len(s) < head || s[:len(magic)] != magic {
		return nil, errTable
	}
	regions := int(s[6])<<8 | int(s[7])
	states := int(binary.BigEndian.Uint32([]byte(s[8:head])))
	s = s[head:]
	if len(s) != 3*regions+codesSize+states*(labelSize+2*digitCount) {
		return nil, errTable
	}
	t := &Table{}
	t.regions, s = s[:3*regions], s[3*regions:]
	t.codes, s = s[:codesSize], s[codesSize:]
	t.labels, t.next = s[:labelSize*states], s[labelSize*states:]
	return t, nil
}

// Look returns what the plans say of a canonical number, "+15551230001". One that does not begin with "+" is national, and of no country.
func (t *Table) Look(number string) Fact {
	if len(number) < 2 || number[0] != '+' {
		return Fact{}
	}
	f := Fact{Code: t.CountryCode(number)}
	state := root
	for i := 1; i < len(number) && state != 0; i++ {
		d := int(number[i] - '0')
		if d >= digitCount {
			return f
		}
		at := 2 * (state*digitCount + d)
		state = int(t.next[at])<<8 | int(t.next[at+1])
	}
	label := int(t.labels[labelSize*state])<<8 | int(t.labels[labelSize*state+1])
	f.Kind = Kind(label >> 12)
	if f.Kind != Invalid {
		f.Region = t.region(label & 0xFFF)
	}
	return f
}

func (t *Table) region(i int) string {
	r := t.regions[3*i : 3*i+3]
	if r[2] == ' ' {
		return r[:2]
	}
	return r
}

// HasRegion says whether an ISO 3166 code is of a country with a numbering plan.
func (t *Table) HasRegion(region string) bool {
	for i := 0; i < len(t.regions); i += 3 {
		if len(region) == 2 && t.regions[i:i+2] == region && t.regions[i+2] == ' ' {
			return true
		}
	}
	return false
}

// CountryCode returns how many digits the country code of a canonical number has, 0 where it begins with none. No country code is the beginning of
// another one.
func (t *Table) CountryCode(number string) int {
	n := 0
	for i := 1; i < len(number) && i <= 3; i++ {
		d := int(number[i] - '0')
		if d >= digitCount || i == 1 && d == 0 {
			return 0
		}
		n = 10*n + d
		if t.codes[n>>3]>>(n&7)&1 != 0 {
			return i
		}
	}
	return 0
}

// Wide says why a number prefix ("+353") is as wide as a country, or wider; "" where it is not.
func (t *Table) Wide(prefix string) string {
	switch code := t.CountryCode(prefix); {
	case len(prefix) < 2 || prefix[0] != '+':
		return ""
	case code == 0:
		return "it is the beginning of several countries' codes"
	case len(prefix)-1 <= code:
		return "it is all numbers of country code " + prefix
	case prefix[1] == '1' && len(prefix) == 5 && t.island(prefix[2:]):
		return "it is all numbers of the country with area code " + prefix[2:]
	}
	return ""
}

// island says whether an area code of country code 1 is a whole country's.
func (t *Table) island(area string) bool {
	n, err := strconv.Atoi(area)
	if err != nil {
		return false
	}
	switch n {
	case 242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758, 767, 784, 787, 809, 829, 849, 868, 869, 876, 939:
		return true
	}
	return false
}

// WithoutTrunk mends a number that was written with the national trunk prefix behind the country code, "+44 (0) 20 …", which RFC 3966 does not
// allow and many write: the number without that zero, and true, where only that one can exist.
func (t *Table) WithoutTrunk(number string) (string, bool) {
	code := t.CountryCode(number)
	if code == 0 || len(number) < code+3 || number[1+code] != '0' || t.Look(number).Kind != Invalid {
		return "", false
	}
	mended := number[:1+code] + number[2+code:]
	return mended, t.Look(mended).Kind != Invalid
}
