package passport

// typePassport is the only value of typ. RFC 8225 §4.1.
const typePassport = "passport"

// algES256 is the only algorithm. RFC 8225 §4.2.
const algES256 = "ES256"

// Header is a token's JOSE header. RFC 8225 §4, §8.1.
type Header struct {
	Alg   string // ES256
	Typ   string // passport
	PPT   string // the extension; empty: a baseline token
	X5U   string // where the certificate is; whether that may be fetched is not this package's matter
	Extra []Member
}

// AppendJSON appends the header in the deterministic form of RFC 8225 §9.
func (h *Header) AppendJSON(dst []byte) []byte {
	o := beginObject(dst, h.Extra)
	o.text("alg", h.Alg)
	o.text("ppt", h.PPT)
	o.text("typ", h.Typ)
	o.text("x5u", h.X5U)
	return o.end()
}

// readHeader reads and checks a header.
func readHeader(text string, h *Header) error {
	var r reader
	var forbidden Reason
	s, ok := scope{}, r.start(text)
	if ok {
		s, ok = r.open('{')
	}
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		switch name {
		case "alg":
			ok = r.textOf(&h.Alg, "alg")
		case "typ":
			ok = r.textOf(&h.Typ, "typ")
		case "ppt":
			ok = r.claim(&h.PPT, MalformedJSON, "ppt")
		case "x5u":
			ok = r.claim(&h.X5U, BadCertificateURL, "")
		default:
			forbidden = max(forbidden, forbiddenMember(name))
			ok = r.extra(&h.Extra, name)
		}
	}
	if !r.end() {
		return r.err()
	}
	return h.check(forbidden)
}

// textOf reads a string that check judges, also where it is empty.
func (r *reader) textOf(dst *string, name string) (ok bool) {
	if r.peek() != '"' {
		return r.refuse(MalformedJSON, name)
	}
	*dst, ok = r.str()
	return ok
}

// forbiddenMember returns why a header must not have a member. A key that comes with the token proves nothing, and a
// verifier that honours it is lost (RFC 7515 §4.1.2, §4.1.3, §10.3); RFC 8225 §4 has x5u for the purpose. With b64 false
// the payload is not what it seems (RFC 7797 §3), so the option is refused whatever its value.
func forbiddenMember(name string) Reason {
	switch name {
	case "jwk", "jku", "x5c":
		return KeyInHeader
	case "b64":
		return UnencodedPayload
	}
	return NoReason
}

func (h *Header) check(forbidden Reason) error {
	if err := checkAlgorithm(h.Alg); err != nil {
		return err
	}
	if forbidden != NoReason {
		return fail(forbidden, "")
	}
	for _, m := range h.Extra {
		if m.Name == "crit" {
			if err := h.checkCritical(m.Value); err != nil {
				return err
			}
		}
	}
	switch {
	case h.Typ != typePassport:
		return fail(BadType, "")
	case h.X5U == "":
		return fail(NoCertificateURL, "")
	case !visible(h.X5U):
		return fail(BadCertificateURL, "")
	}
	return nil
}

// checkAlgorithm tells the ways apart in which attackers try another algorithm. RFC 7518 §3.1: names are case-sensitive.
func checkAlgorithm(alg string) error {
	switch {
	case alg == algES256:
		return nil
	case alg == "":
		return fail(AlgMissing, "")
	case foldEqual(alg, algES256):
		return fail(AlgCase, "")
	case foldEqual(alg, "none"):
		return fail(AlgNone, "")
	case len(alg) > 2 && foldEqual(alg[:2], "HS"):
		return fail(AlgSymmetric, "")
	}
	return fail(AlgUnsupported, "")
}

// checkCritical reads crit, a list of members that must be understood. Of those that are not defined by RFC 7515 itself,
// which must not be listed, only ppt is understood here. RFC 7515 §4.1.11.
func (h *Header) checkCritical(text string) error {
	var r reader
	r.text = text
	if r.peek() != '[' {
		return fail(CriticalHeader, "")
	}
	s, ok := r.open('[')
	for ok && r.element(&s) {
		var name string
		if r.peek() != '"' {
			return fail(CriticalHeader, "")
		}
		name, ok = r.str()
		if name != "ppt" || h.PPT == "" || !Known(h.PPT) || s.n > 1 {
			return fail(CriticalHeader, "")
		}
	}
	if s.n == 0 {
		return fail(CriticalHeader, "empty")
	}
	return nil
}

// visible says whether s has only visible ASCII characters that may stand in a URI, and at least one. RFC 3986 §2.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f, c == '"', c == '<', c == '>', c == '\\', c == '^', c == '`', c == '{', c == '|', c == '}':
			return false
		}
	}
	return s != ""
}

// foldEqual compares ASCII without regard to case.
func foldEqual(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x != y && (x^y != 0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
