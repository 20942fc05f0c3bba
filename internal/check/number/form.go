package number

import (
	"strings"

	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// E.164 §6: at most 15 digits. No country has numbers of fewer than seven with its code.
const (
	maxDigits = 15
	minDigits = 7
)

// form judges whether there can be such a number. A national number, which our plan could not make international, says nothing.
func (c *Check) form(a *screen.Attempt, r *screen.Report) {
	number := a.FromNumber
	if number[0] != '+' {
		return
	}
	fact := c.table.Look(number)
	switch {
	case fact.Kind != numbering.Invalid:
		if fact.Kind == numbering.Premium {
			r.Signal(signalPremium, 1, number+" is a premium number of "+fact.Region)
		}
		c.origin(a, r, fact.Region)
	case vouched(a) >= 1:
		// Somebody answers for it. Plans grow faster than tables.
	case len(number)-1 > maxDigits:
		r.Signal(signalMalformed, 1, screen.Quote(number)+" has more than 15 digits")
	case len(number)-1 < minDigits:
		r.Signal(signalMalformed, 1, number+" is too short for a number with its country code")
	case c.privatePlan(a):
	case fact.Code == 0:
		r.Signal(signalUnallocated, 1, number+": nobody has a country code that begins so")
	default:
		if mended, ok := c.table.WithoutTrunk(number); ok {
			r.Signal(signalMalformed, 0.5, number+" is "+mended+" with a trunk prefix behind the country code")
			return
		}
		r.Signal(signalInvalid, 1, number+": country code "+number[:1+fact.Code]+" has no such number")
	}
}

// privatePlan says whether numbers may be given out here by other rules than those of the world: where the callee's number is none either, or he has
// none and the site names no country.
func (c *Check) privatePlan(a *screen.Attempt) bool {
	if len(a.ToNumber) > 0 && a.ToNumber[0] == '+' {
		return c.table.Look(a.ToNumber).Kind == numbering.Invalid
	}
	return !c.world
}

// vouched is how far the claimed number is proven.
func vouched(a *screen.Attempt) float64 {
	if a.IdentityNumber != a.FromNumber {
		return 0
	}
	switch a.From.Proof {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest:
		return 1
	case verdict.Trunk:
		return 0.75
	case verdict.StirB:
		return 0.5
	}
	return 0
}

// origin judges whether the number goes with who brings it.
func (c *Check) origin(a *screen.Attempt, r *screen.Report, region string) {
	if a.Peer != "" {
		prefixes := c.peers[a.Peer]
		for _, p := range prefixes {
			if strings.HasPrefix(a.FromNumber, p) {
				return
			}
		}
		if len(prefixes) > 0 {
			r.Signal(signalForeign, 1, "peer '"+a.Peer+"' does not bring numbers as "+a.FromNumber)
		}
		return
	}
	if vouched(a) >= 1 || region == "001" {
		return
	}
	if home := country(a.FromDomain); home != "" && home != region && c.table.HasRegion(home) {
		r.Signal(signalForeign, 0.5, "a number of "+region+" from a domain of "+home)
	}
}

// country is the country that a domain stands for by its name, or "". Names that are sold to everyone stand for none.
func country(domain string) string {
	dot := strings.LastIndexByte(domain, '.')
	if dot < 0 || len(domain)-dot != 3 {
		return ""
	}
	switch tld := domain[dot+1:]; tld {
	case "io", "co", "me", "tv", "ai", "cc", "ws", "fm", "to", "ly", "gg", "sh", "ac", "im", "je", "la", "nu", "tk", "ml", "ga", "cf", "gq", "pw", "vc",
		"bz", "cx", "st", "dj", "ms", "gl", "li", "ag", "am", "as", "be", "eu", "gd", "gs", "mu", "sc", "su", "tl", "vg", "re", "pm", "yt", "tf", "mn", "us":
		return ""
	default:
		return regionOf(tld)
	}
}

// regionOf is the ISO 3166 code of a country's domain. It allocates nothing: all there are stand in one string.
func regionOf(tld string) string {
	if tld == "uk" {
		return "GB"
	}
	const all = "ADAEAFAGAIALAMAOARATAUAWAZBABBBDBEBFBGBHBIBJBMBNBOBRBSBTBWBYBZCACDCFCGCHCICKCLCMCNCOCRCUCVCYCZDEDKDMDODZECEEEGERESETFIFJFOFRGAGDGEGFGHGIGMGN" +
		"GPGRGTGUGWGYHKHNHRHTHUIDIEILINIQIRISITJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLKLRLSLTLULVMAMCMDMEMGMKMMMOMQMRMTMVMWMXMYMZNANCNENGNINLNONPNRNZ" +
		"OMPAPEPFPGPHPKPLPRPSPTPYQARORSRURWSASBSDSESGSISKSLSNSOSRSVSYSZTDTGTHTJTMTNTRTTTWTZUAUGUYUZVAVEVIVNVUYEZAZMZW"
	for i := 0; i+2 <= len(all); i += 2 {
		if all[i]|0x20 == tld[0] && all[i+1]|0x20 == tld[1] {
			return all[i : i+2]
		}
	}
	return ""
}

// ours judges whether the caller presents a number that is the callee's, or one of our users', and says whether he does.
func (c *Check) ours(a *screen.Attempt, r *screen.Report) bool {
	number := a.FromNumber
	what, comesBack := "", false
	switch {
	case number == a.ToNumber:
		what = " is the callee's own number"
	case c.isOwn(number):
		what = " is a number of one of our users"
		comesBack = c.callers.calling(number, a.Time)
	default:
		return false
	}
	strength := 1 - vouched(a)
	if a.Peer != "" {
		strength = min(strength, 0.5)
	}
	and := ", and the caller has not proven that it is his"
	if comesBack {
		strength = min(strength, 0.25)
		and = " who has just called out, and whose call may have been forwarded"
	}
	if strength > 0 && len(number) >= minDigits {
		r.Signal(signalOwn, strength, number+what+and)
	}
	return true
}

func (c *Check) isOwn(number string) bool {
	if _, ok := c.own[number]; ok {
		return true
	}
	for _, p := range c.prefixes {
		if strings.HasPrefix(number, p) {
			return true
		}
	}
	return c.hasLearned(number)
}

// neighbour judges whether the number was chosen to look like one from next door.
func neighbour(a *screen.Attempt, r *screen.Report) {
	from, to := a.FromNumber, a.ToNumber
	const near = 4
	if len(from) != len(to) || len(from) < minDigits+near || from[0] != '+' || from[:len(from)-near] != to[:len(to)-near] {
		return
	}
	if strength := 1 - vouched(a); strength > 0 {
		r.Signal(signalNeighbour, strength, from+" and the callee's number differ in the last four digits only")
	}
}
