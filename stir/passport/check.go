package passport

import "strings"

// maxText is the longest display text or URI within a claim.
const maxText = 4096

// check says whether the claims are those of a token of this kind.
func (c *Claims) check(ppt string) error {
	if err := c.checkBase(); err != nil {
		return err
	}
	if err := c.checkOptional(); err != nil {
		return err
	}
	switch ppt {
	case Shaken:
		return c.checkShaken()
	case Div, DivO:
		return c.checkDiverted(ppt)
	case Rcd:
		// RFC 9795 §5: the extension is for either claim.
		if c.RCD == nil && c.CallReason == "" {
			return fail(MissingClaim, "rcd")
		}
	case Rph:
		// RFC 8443 §4: rph must be there. RFC 9027 §5: sph may come with it.
		if len(c.RPH) == 0 {
			return fail(MissingClaim, "rph")
		}
	}
	return nil
}

// checkBase checks the claims of every token. RFC 8225 §5.1.1, §5.2.1.
func (c *Claims) checkBase() error {
	switch {
	case c.Orig.IsZero():
		return fail(MissingClaim, "orig")
	case len(c.Dest.TN)+len(c.Dest.URI) == 0:
		return fail(MissingClaim, "dest")
	case c.IssuedAt == 0:
		return fail(MissingClaim, "iat")
	}
	if err := c.Orig.check("orig"); err != nil {
		return err
	}
	for _, tn := range c.Dest.TN {
		if !isNumber(tn) {
			return fail(BadNumber, "dest")
		}
	}
	for _, uri := range c.Dest.URI {
		if !isURI(uri) {
			return fail(BadDestination, "uri")
		}
	}
	return nil
}

// check checks an identity's form.
func (id Identity) check(claim string) error {
	if id.TN != "" && !isNumber(id.TN) {
		return fail(BadNumber, claim)
	}
	if id.URI != "" && !isURI(id.URI) {
		return fail(BadClaim, claim)
	}
	return nil
}

// isNumber says whether s can be a canonical telephone number. RFC 8224 §8.3: digits, * and #; a plus sign is dropped by
// whoever signs. E.164 has 15 digits; numbers of a network's own may have more.
func isNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) && s[i] != '*' && s[i] != '#' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// isURI says whether s has a scheme and nothing that does not belong into a URI. RFC 3986 §3.1.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !visible(rest) || len(s) > maxText || scheme[0]|0x20 < 'a' || scheme[0]|0x20 > 'z' {
		return false
	}
	for i := 0; i < len(scheme); i++ {
		c := scheme[i] | 0x20
		if (c < 'a' || c > 'z') && !isDigit(scheme[i]) && scheme[i] != '+' && scheme[i] != '-' && scheme[i] != '.' {
			return false
		}
	}
	return true
}

// checkShaken checks the claims of RFC 8588. The caller has a number; so has the callee, unless it is an emergency service,
// which is called by its URN (RFC 5031).
func (c *Claims) checkShaken() error {
	switch {
	case c.Attest == "":
		return fail(MissingClaim, "attest")
	case c.OrigID == "":
		return fail(MissingClaim, "origid")
	case c.Orig.TN == "":
		return fail(BadClaim, "orig")
	case len(c.Dest.TN) > 0:
		return nil
	}
	for _, uri := range c.Dest.URI {
		if strings.HasPrefix(uri, "urn:service:") {
			return nil
		}
	}
	return fail(BadDestination, "no tn")
}

// checkDiverted checks the claims of RFC 8946: div says from whom, and only div-o carries the original token (§5).
func (c *Claims) checkDiverted(ppt string) error {
	switch {
	case c.Div.IsZero():
		return fail(MissingClaim, "div")
	case ppt == DivO && c.Opt == "":
		return fail(MissingClaim, "opt")
	case ppt == Div && c.Opt != "":
		return fail(BadClaim, "opt")
	}
	return nil
}

// checkOptional checks the form of the claims that any token may carry, where they are.
func (c *Claims) checkOptional() error {
	switch {
	case c.Attest != "" && c.Attest != "A" && c.Attest != "B" && c.Attest != "C": // RFC 8588 §4
		return fail(BadClaim, "attest")
	case len(c.OrigID) > maxText || !printable(c.OrigID): // that it is a UUID is for whoever verifies: RFC 8588 §5
		return fail(BadClaim, "origid")
	case c.Opt != "" && !isFull(c.Opt): // RFC 8946 §5
		return fail(BadClaim, "opt")
	case c.CallReason != "" && (len(c.CallReason) > maxText || !printable(c.CallReason)):
		return fail(BadClaim, "crn")
	case c.MsgIntegrity != "" && !isDigest(c.MsgIntegrity):
		return fail(BadDigest, "msgi")
	case c.SPH != "" && !isToken(c.SPH):
		return fail(BadClaim, "sph")
	}
	if err := c.Div.check("div"); err != nil {
		return err
	}
	for _, k := range c.MediaKeys {
		if !isToken(k.Alg) || !isFingerprint(k.Digest) {
			return fail(BadClaim, "mky")
		}
	}
	if err := c.checkPriorities(); err != nil {
		return err
	}
	return c.checkRCD()
}

// checkPriorities checks the assertions and the values, each a namespace, a dot and a priority. RFC 8443 §4, RFC 4412 §3.1.
func (c *Claims) checkPriorities() error {
	for _, p := range c.RPH {
		if !isToken(p.Assertion) {
			return fail(BadClaim, "rph")
		}
		for _, v := range p.Values {
			namespace, priority, ok := strings.Cut(v, ".")
			if !ok || !isToken(namespace) || !isToken(priority) || strings.Contains(priority, ".") {
				return fail(BadClaim, "rph")
			}
		}
	}
	return nil
}

// checkRCD checks the display data and its digests. RFC 9795 §5.1, §6.
func (c *Claims) checkRCD() error {
	if len(c.RCDIntegrity) > 0 && c.RCD == nil {
		return fail(MissingClaim, "rcd")
	}
	for pointer, digest := range c.RCDIntegrity {
		if !isPointer(pointer) {
			return fail(BadClaim, "rcdi")
		}
		if !isDigest(digest) {
			return fail(BadDigest, "rcdi")
		}
	}
	d := c.RCD
	switch {
	case d == nil:
		return nil
	case len(d.Name) > maxText || !printable(d.Name):
		return fail(BadClaim, "nam")
	case d.Alias != "" && !isNumber(d.Alias):
		return fail(BadNumber, "apn")
	case d.Icon != "" && !isHTTPS(d.Icon):
		return fail(BadClaim, "icn")
	case d.JCardURL != "" && !isHTTPS(d.JCardURL):
		return fail(BadClaim, "jcl")
	case d.JCard != "" && d.JCardURL != "":
		return fail(BadClaim, "jcd and jcl")
	case d.JCard != "" && !isJCard(d.JCard):
		return fail(BadClaim, "jcd")
	}
	return nil
}
