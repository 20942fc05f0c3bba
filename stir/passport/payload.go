package passport

// readClaims reads the claims; whether they are those of the token's kind is checked by check.
func readClaims(text string, c *Claims) error {
	var r reader
	s, ok := scope{}, r.start(text)
	if ok {
		s, ok = r.open('{')
	}
	for ok {
		var name string
		if name, ok = r.member(&s); ok {
			ok = r.readClaim(c, name)
		}
	}
	r.end()
	return r.err()
}

// readClaim reads the value of one claim.
func (r *reader) readClaim(c *Claims, name string) bool {
	switch name {
	case "orig":
		return r.identity(&c.Orig, "orig")
	case "dest":
		return r.destinations(&c.Dest)
	case "iat":
		return r.issuedAt(&c.IssuedAt)
	case "attest":
		return r.claim(&c.Attest, BadClaim, "attest")
	case "origid":
		return r.claim(&c.OrigID, BadClaim, "origid")
	case "mky":
		return r.mediaKeys(&c.MediaKeys)
	case "div":
		return r.identity(&c.Div, "div")
	case "opt":
		return r.claim(&c.Opt, BadClaim, "opt")
	case "rcd":
		c.RCD = new(RCD)
		return r.rcd(c.RCD)
	case "rcdi":
		return r.digests(&c.RCDIntegrity)
	case "crn":
		return r.claim(&c.CallReason, BadClaim, "crn")
	case "msgi":
		return r.claim(&c.MsgIntegrity, BadDigest, "msgi")
	case "rph":
		return r.priorities(&c.RPH)
	case "sph":
		return r.claim(&c.SPH, BadClaim, "sph")
	}
	return r.extra(&c.Extra, name)
}

// refuse skips a value of the wrong type: if it is not JSON at all, that is the reason.
func (r *reader) refuse(reason Reason, detail string) bool {
	r.raw()
	return r.fail(reason, detail)
}

// claim reads a string that must not be empty.
func (r *reader) claim(dst *string, reason Reason, detail string) bool {
	if r.peek() != '"' {
		return r.refuse(reason, detail)
	}
	s, ok := r.str()
	if ok && s == "" {
		return r.fail(reason, detail)
	}
	*dst = s
	return ok
}

func (r *reader) extra(dst *[]Member, name string) bool {
	value, ok := r.raw()
	if ok {
		*dst = append(*dst, Member{Name: name, Value: value})
	}
	return ok
}

// identity reads an object of exactly one tn or uri. RFC 8225 §5.2.1. Some signers add to div which entry of History-Info
// is meant, hi; it says nothing about who was called, so it is passed over.
func (r *reader) identity(dst *Identity, claim string) bool {
	if r.peek() != '{' {
		return r.refuse(BadClaim, claim)
	}
	s, ok := r.open('{')
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		switch name {
		case "tn":
			ok = r.claim(&dst.TN, BadNumber, claim)
		case "uri":
			ok = r.claim(&dst.URI, BadClaim, claim)
		case "hi":
			if r.peek() != '"' || claim != "div" {
				return r.refuse(BadClaim, claim)
			}
			_, ok = r.str()
		default:
			ok = r.refuse(BadClaim, claim)
		}
	}
	if r.reason == NoReason && (dst.TN == "") == (dst.URI == "") {
		return r.fail(BadClaim, claim)
	}
	return r.reason == NoReason
}

// destinations reads an object of arrays. RFC 8225 §5.2.1.
func (r *reader) destinations(dst *Destinations) bool {
	if r.peek() != '{' {
		return r.refuse(BadDestination, "")
	}
	s, ok := r.open('{')
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		switch name {
		case "tn":
			ok = r.strings(&dst.TN, BadDestination, "tn")
		case "uri":
			ok = r.strings(&dst.URI, BadDestination, "uri")
		default:
			ok = r.refuse(BadDestination, "")
		}
	}
	if r.reason == NoReason && s.n == 0 {
		return r.fail(BadDestination, "empty")
	}
	return r.reason == NoReason
}

// strings reads an array of strings, at least one.
func (r *reader) strings(dst *[]string, reason Reason, detail string) bool {
	if r.peek() != '[' {
		return r.refuse(reason, detail)
	}
	s, ok := r.open('[')
	for ok && r.element(&s) {
		if r.peek() != '"' {
			return r.refuse(reason, detail)
		}
		var v string
		if v, ok = r.str(); ok {
			*dst = append(*dst, v)
		}
	}
	if r.reason == NoReason && s.n == 0 {
		return r.fail(reason, detail)
	}
	return r.reason == NoReason
}

// lastInstant is the end of the year 9999, beyond which time.Time cannot be written.
const lastInstant = 253402300799

// issuedAt reads iat: a plain integer. A string, a fraction, an exponent or a sign is refused, for what one reader takes
// for fresh another may not. RFC 8225 §5.1.1, §9.
func (r *reader) issuedAt(dst *int64) bool {
	if !isDigit(r.peek()) {
		return r.refuse(BadIssuedAt, "not a plain integer")
	}
	from := r.pos
	if r.number(); r.reason != NoReason {
		return false
	}
	var n int64
	for _, c := range []byte(r.text[from:r.pos]) {
		if !isDigit(c) {
			return r.fail(BadIssuedAt, "not a plain integer")
		}
		if n = n*10 + int64(c-'0'); n > lastInstant {
			return r.fail(BadIssuedAt, "too large")
		}
	}
	if n == 0 {
		return r.fail(BadIssuedAt, "zero")
	}
	*dst = n
	return true
}
