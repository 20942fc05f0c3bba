package digest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Credentials is the value of an Authorization or Proxy-Authorization header (RFC 3261 §20.7, §20.28).
type Credentials struct {
	Username  string // decoded from username or username*; the hash in hexadecimal if UserHash
	UserHash  bool   // RFC 7616 §3.4.4
	Realm     string
	Nonce     string
	URI       string // as written, hashed as it stands
	Response  string
	Algorithm Algorithm // MD5 if the parameter is absent
	QOP       QOP       // zero, QOPAuth or QOPAuthInt
	NC        uint32    // nonce count; zero without qop
	CNonce    string
	Opaque    string

	nc string // as written: it is hashed as it stands
}

// Bits of the parameters that may stand only once.
const (
	seenUsername = iota
	seenRealm
	seenNonce
	seenURI
	seenResponse
	seenAlgorithm
	seenQOP
	seenNC
	seenCNonce
	seenOpaque
	seenUserHash
	seenStale
	seenDomain
	seenCharset
)

// Parse reads a header value such as `Digest username="bob", realm=…`. It returns ErrScheme for another
// scheme, else ErrSyntax with the reason. Unknown parameters are skipped (RFC 7616 §3.4); an unknown
// algorithm is UnknownAlgorithm, not an error.
func (c *Credentials) Parse(header []byte) error {
	*c = Credentials{Algorithm: MD5}
	var p params
	if err := p.begin(header); err != nil {
		return err
	}
	var s seen
	star := false
	for {
		more, err := p.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := c.param(&p, &s, &star); err != nil {
			return err
		}
	}
	return c.complete(s, star)
}

// param stores one parameter.
func (c *Credentials) param(p *params, s *seen, star *bool) error {
	switch strings.ToLower(p.name) {
	case "username":
		c.Username = p.value
		return s.once(seenUsername, "username")
	case "username*":
		var ok bool
		if c.Username, ok = decodeExtended(p.value); !ok || p.quoted {
			return fmt.Errorf("%w: username* is not UTF-8''text", ErrSyntax)
		}
		*star = true
		return s.once(seenUsername, "username")
	case "realm":
		c.Realm = p.value
		return s.once(seenRealm, "realm")
	case "nonce":
		c.Nonce = p.value
		return s.once(seenNonce, "nonce")
	case "uri":
		c.URI = p.value
		return s.once(seenURI, "uri")
	case "response":
		c.Response = p.value
		return s.once(seenResponse, "response")
	case "algorithm":
		c.Algorithm = ParseAlgorithm(p.value)
		return s.once(seenAlgorithm, "algorithm")
	case "qop":
		// The grammar has no quotes here; peers put them.
		if c.QOP = parseQOP(p.value); c.QOP != QOPAuth && c.QOP != QOPAuthInt {
			return fmt.Errorf("%w: qop is neither auth nor auth-int", ErrSyntax)
		}
		return s.once(seenQOP, "qop")
	case "nc":
		n, err := strconv.ParseUint(p.value, 16, 32)
		if err != nil || len(p.value) != 8 {
			return fmt.Errorf("%w: nc is not 8 hexadecimal digits", ErrSyntax)
		}
		c.NC, c.nc = uint32(n), p.value
		return s.once(seenNC, "nc")
	case "cnonce":
		c.CNonce = p.value
		return s.once(seenCNonce, "cnonce")
	case "opaque":
		c.Opaque = p.value
		return s.once(seenOpaque, "opaque")
	case "userhash":
		c.UserHash = equalFold(p.value, "true")
		return s.once(seenUserHash, "userhash")
	}
	return nil
}

// complete checks that what must be there is there.
func (c *Credentials) complete(s seen, star bool) error {
	const must = 1<<seenUsername | 1<<seenRealm | 1<<seenNonce | 1<<seenURI | 1<<seenResponse
	if s&must != must {
		return fmt.Errorf("%w: username, realm, nonce, uri and response must all be there", ErrSyntax)
	}
	if star && c.UserHash {
		// RFC 7616 §3.4: username* only when userhash is not true.
		return fmt.Errorf("%w: username* with userhash", ErrSyntax)
	}
	counted := s&(1<<seenNC) != 0 && s&(1<<seenCNonce) != 0
	if c.QOP != 0 && !counted {
		return fmt.Errorf("%w: qop without nc and cnonce", ErrSyntax)
	}
	if c.QOP == 0 && s&(1<<seenNC) != 0 {
		return fmt.Errorf("%w: nc without qop", ErrSyntax)
	}
	return nil
}

// Verify tells whether the response is the one that the key ha1 yields for this method and body. The
// comparison takes the same time wherever they differ. An unknown algorithm never verifies.
func (c *Credentials) Verify(h *Hasher, ha1, method string, body []byte) bool {
	want := h.Response(c.Algorithm, ha1, c.inputs(method, body))
	return sameHex(c.Response, want)
}

func (c *Credentials) inputs(method string, body []byte) *Inputs {
	return &Inputs{Nonce: c.Nonce, NC: c.ncText(), CNonce: c.CNonce, QOP: c.QOP, Method: method, URI: c.URI, Body: body}
}

func (c *Credentials) ncText() string {
	if c.nc != "" {
		return c.nc
	}
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[i] = digits[c.NC>>(28-4*i)&15]
	}
	return string(b[:])
}

// AppendTo writes the header value. A user name outside ASCII becomes username* (RFC 7616 §3.4).
func (c *Credentials) AppendTo(dst []byte) []byte {
	dst = append(dst, "Digest "...)
	if c.UserHash || isASCII(c.Username) || !utf8.ValidString(c.Username) {
		dst = appendQuoted(dst, "username", c.Username)
	} else {
		dst = appendExtended(append(dst, "username*="...), c.Username)
	}
	dst = appendQuoted(dst, ", realm", c.Realm)
	dst = appendQuoted(dst, ", nonce", c.Nonce)
	dst = appendQuoted(dst, ", uri", c.URI)
	dst = appendQuoted(dst, ", response", c.Response)
	dst = append(dst, ", algorithm="...)
	dst = append(dst, c.Algorithm.String()...)
	if c.CNonce != "" || c.QOP != 0 {
		dst = appendQuoted(dst, ", cnonce", c.CNonce)
	}
	if c.Opaque != "" {
		dst = appendQuoted(dst, ", opaque", c.Opaque)
	}
	if c.QOP != 0 {
		// RFC 3261 §25.1: qop and nc stand without quotes in credentials.
		dst = append(dst, ", qop="...)
		dst = append(dst, c.QOP.String()...)
		dst = append(dst, ", nc="...)
		dst = append(dst, c.ncText()...)
	}
	if c.UserHash {
		dst = append(dst, ", userhash=true"...)
	}
	return dst
}

// parseQOP reads a qop value, one or a list; tokens that it does not know are skipped.
func parseQOP(s string) QOP {
	var q QOP
	for part := range strings.SplitSeq(s, ",") {
		switch part = strings.Trim(part, " \t"); {
		case equalFold(part, "auth"):
			q |= QOPAuth
		case equalFold(part, "auth-int"):
			q |= QOPAuthInt
		}
	}
	return q
}
