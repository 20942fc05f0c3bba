package screen

import (
	"strings"

	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// SetFrom fills the keys of the claimed caller from the From header's address.
func (a *Attempt) SetFrom(u *uri.URI, plan uri.Plan) {
	a.From.Claimed, a.FromNumber, a.FromDomain = keys(u, plan)
}

// SetIdentity fills the keys of the proven caller. proof must not be verdict.None.
func (a *Attempt) SetIdentity(u *uri.URI, proof verdict.Proof, plan uri.Plan) {
	a.From.Identity, a.IdentityNumber, a.IdentityDomain = keys(u, plan)
	a.From.Proof = proof
	// A PASSporT with a tn and a trunk prove the number, not the domain that carries it. RFC 8225 §5.2.1.
	switch proof {
	case verdict.StirA, verdict.StirB, verdict.StirC, verdict.Trunk:
		if a.IdentityNumber != "" {
			a.From.Identity, a.IdentityDomain = "tel:"+a.IdentityNumber, ""
		}
	case verdict.Digest:
		return // an account of ours, whatever it is called
	}
	if a.IdentityNumber == "" && withheld(a.From.Identity) {
		// Somebody vouches for a caller whom he does not name: all of these are not one.
		a.From.Identity, a.IdentityDomain = "", ""
	}
}

// Withheld tells whether the From header keeps back who calls: in a form of RFC 3323 §4.1.1.3, or in one of those that gateways make of a withheld
// number. All who do are nobody, and no key may be made of it.
func (a *Attempt) Withheld() bool { return a.FromNumber == "" && withheld(a.From.Claimed) }

func withheld(aor string) bool {
	user, host, ok := strings.Cut(aor[strings.IndexByte(aor, ':')+1:], "@")
	if !ok {
		return user == "" || user == anonymousHost
	}
	if strings.EqualFold(host, anonymousHost) {
		return true
	}
	for _, word := range [...]string{"anonymous", "unknown", "unavailable", "private", "restricted", "withheld", "nobody"} {
		if strings.EqualFold(user, word) {
			return true
		}
	}
	return false
}

const anonymousHost = "anonymous.invalid"

// SetTo fills the keys of the callee from the Request-URI.
func (a *Attempt) SetTo(u *uri.URI, plan uri.Plan) {
	a.To.Requested, a.ToNumber, a.ToDomain = keys(u, plan)
}

// keys makes the AoR key, and number and domain as parts of the same string where they stand in it as they are, which is
// the usual case and saves two allocations per address.
func keys(u *uri.URI, plan uri.Plan) (aor, number, domain string) {
	var buf [256]byte
	aor = string(u.AppendAoR(buf[:0]))
	if n, ok := u.AppendNumber(buf[:0], plan); ok {
		number = part(aor, n)
	}
	if u.Scheme == uri.SIP || u.Scheme == uri.SIPS {
		domain = aor[strings.LastIndexByte(aor, '@')+1:]
		if !u.HasUser {
			domain = aor[strings.IndexByte(aor, ':')+1:]
		}
	}
	return aor, number, domain
}

func part(s string, b []byte) string {
	colon := strings.IndexByte(s, ':') + 1
	if end := colon + len(b); end <= len(s) && s[colon:end] == string(b) {
		return s[colon:end]
	}
	return string(b)
}
