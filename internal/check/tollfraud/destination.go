package tollfraud

import (
	"strings"

	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/screen"
)

// Class is what a number costs its caller for.
type Class uint8

// The classes.
const (
	Home       Class = iota // an ordinary number of one's own country
	Abroad                  // an ordinary number of another country
	TollFree                // paid by the callee
	Premium                 // the callee earns by it
	SharedCost              // the callee may earn by it
	Personal                // follows a person; in some countries as dear as premium
	Satellite               // satellites and networks of no country: +870, +881, +882, +883
	Unknown                 // its country has no such number
)

var classWords = [...]string{"home", "abroad", "toll-free", "premium", "shared-cost", "personal", "satellite", "unknown"}

// String returns the word that the configuration uses.
func (c Class) String() string { return classWords[min(int(c), len(classWords)-1)] }

// Classes are all words.
func Classes() []string { return append([]string(nil), classWords[:]...) }

// maxNumber is "+" and the 15 digits of E.164, with room for what callers add.
const maxNumber = 24

// destination is where a call goes. It holds its number itself: nothing is allocated for it.
type destination struct {
	text   [maxNumber]byte
	n      int
	region string
	class  Class
	home   bool // in one's own country
}

func (d *destination) number() string { return string(d.text[:d.n]) }

// short is the number of digits up to which a number is an emergency number, a service or an extension: these always pass.
const short = 6

// destination says where a call goes, as a carrier would take it. It is false for what leads to no telephone number: addresses, extensions, emergency
// numbers and other short ones.
func (r *rules) destination(plans *numbering.Table, a *screen.Attempt) (d destination, ok bool) {
	number := a.ToNumber
	if len(number) <= short || len(number) >= maxNumber {
		return d, false
	}
	if number[0] == '+' {
		d.n = copy(d.text[:], number)
	} else if !r.guess(plans, number, &d) {
		// A local number, or nothing that anybody could connect.
		d.n = copy(d.text[:], number)
		d.home = true
		return d, true
	}
	r.classify(plans, &d)
	return d, true
}

// guess finds the number in what was dialled with prefixes that the numbering plan does not know: up to three digits to get a line, an international
// prefix of somewhere, or none at all.
func (r *rules) guess(plans *numbering.Table, dialled string, d *destination) bool {
	for line := 0; line <= 3 && line < len(dialled); line++ {
		for _, prefix := range [...]string{r.plan.International, "00", "011", "+", ""} {
			if prefix == "" && line > 0 {
				continue // what is left of any long number might be one
			}
			rest, found := strings.CutPrefix(dialled[line:], prefix)
			if !found || len(rest) < 8 || prefix == "" && len(rest) < 10 || rest[0] == '0' || len(rest)+1 >= maxNumber {
				continue
			}
			var text [maxNumber]byte
			text[0] = '+'
			n := 1 + copy(text[1:], rest)
			if plans.Look(string(text[:n])).Kind != numbering.Invalid {
				d.text, d.n = text, n
				return true
			}
		}
	}
	return false
}

// classify fills in region and class.
func (r *rules) classify(plans *numbering.Table, d *destination) {
	number := string(d.text[:d.n])
	f := plans.Look(number)
	d.region = f.Region
	code := ""
	if f.Code > 0 {
		code = number[1 : 1+f.Code]
	}
	d.home = code != "" && code == r.plan.Country && r.homely(code, f.Region)
	switch code {
	case "870", "881", "882", "883":
		d.class = Satellite
		return
	case "979":
		d.class = Premium
		return
	case "808":
		d.class = SharedCost
		return
	case "878":
		d.class = Personal
		return
	}
	switch f.Kind {
	case numbering.TollFree:
		d.class = TollFree
	case numbering.Premium:
		d.class = Premium
	case numbering.SharedCost:
		d.class = SharedCost
	case numbering.Personal:
		d.class = Personal
	case numbering.Invalid:
		d.class = Unknown
	default:
		d.class = Abroad
		if d.home {
			d.class = Home
		}
	}
}

// homely tells whether a region of one's own country code is one's own country. Country code 1 holds islands that are dear to call, and that fraud
// likes; those regions are named here that North American tariffs take for home.
func (r *rules) homely(code, region string) bool {
	if code != "1" {
		return true
	}
	switch region {
	case "", "US", "CA", "PR", "VI", "GU", "AS", "MP":
		return true
	}
	return false
}

// isHome tells whether a number is one of our own country.
func (r *rules) isHome(plans *numbering.Table, number string) bool {
	if len(number) < 2 || number[0] != '+' || r.plan.Country == "" {
		return false
	}
	return strings.HasPrefix(number[1:], r.plan.Country) && r.homely(r.plan.Country, plans.Look(number).Region)
}

func name(region string) string {
	switch region {
	case "":
		return "no country"
	case "001":
		return "a network of no country"
	}
	return region
}
