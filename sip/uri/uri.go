package uri

import (
	"errors"
	"strconv"
)

// Scheme is the kind of a URI.
type Scheme uint8

// The schemes that are parsed into parts; every other one is Other.
const (
	Other Scheme = iota
	SIP
	SIPS
	TEL
	URN
)

// String returns the scheme as it is written, "other" for Other.
func (s Scheme) String() string {
	switch s {
	case SIP:
		return "sip"
	case SIPS:
		return "sips"
	case TEL:
		return "tel"
	case URN:
		return "urn"
	}
	return "other"
}

// Limits that keep the work per address small whatever arrives.
const (
	MaxParams  = 64  // parameters, and headers, in one URI
	MaxHostLen = 255 // octets of a host
)

// Errors of Parse. They say which part is wrong.
var (
	ErrScheme  = errors.New("uri: no valid scheme")
	ErrOpaque  = errors.New("uri: character not allowed")
	ErrUser    = errors.New("uri: malformed user part")
	ErrHost    = errors.New("uri: malformed host")
	ErrPort    = errors.New("uri: malformed port")
	ErrParams  = errors.New("uri: malformed parameters")
	ErrHeaders = errors.New("uri: malformed headers")
	ErrNumber  = errors.New("uri: malformed telephone number")
)

// URI is a parsed address. All slices are views into the parsed bytes, as written: nothing is unescaped.
type URI struct {
	Scheme     Scheme
	HasUser    bool // sip: a userinfo part is present
	HasPass    bool // sip: a password is present, perhaps an empty one
	HasPort    bool
	Port       uint16 // 0 where absent
	SchemeName []byte
	User       []byte // sip: the user part with whatever ";x=y" stands in it; tel: the number
	Password   []byte
	Host       []byte // with its brackets for an IPv6 reference
	Params     []byte // what follows the first ';', without it
	Headers    []byte // what follows '?', without it
	Opaque     []byte // everything after "scheme:"
}

// Parse reads b, which must be one URI and nothing else.
func Parse(b []byte) (URI, error) {
	var u URI
	err := u.Parse(b)
	return u, err
}

// Parse reads b, which must be one URI and nothing else, into u, overwriting it. u keeps views of b.
func (u *URI) Parse(b []byte) error {
	*u = URI{}
	if len(b) > 4 && string(b[:4]) == "sip:" { // nearly always
		u.Scheme, u.SchemeName, u.Opaque = SIP, b[:3], b[4:]
		return u.parseSIP(u.Opaque)
	}
	n := 0
	for n < len(b) && class[b[n]]&isScheme != 0 {
		n++
	}
	// RFC 3261 §25.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
	if n == 0 || n == len(b) || b[n] != ':' || class[b[0]]&isAlpha == 0 {
		return ErrScheme
	}
	u.SchemeName = b[:n]
	u.Opaque = b[n+1:]
	u.Scheme = schemeOf(b[:n])
	switch u.Scheme {
	case SIP, SIPS:
		return u.parseSIP(u.Opaque)
	case TEL:
		return u.parseTel(u.Opaque)
	case URN:
		return u.parseURN(u.Opaque)
	}
	return checkOpaque(u.Opaque)
}

func schemeOf(name []byte) Scheme {
	switch len(name) {
	case 3:
		switch {
		case foldEqual(name, "sip"):
			return SIP
		case foldEqual(name, "tel"):
			return TEL
		case foldEqual(name, "urn"):
			return URN
		}
	case 4:
		if foldEqual(name, "sips") {
			return SIPS
		}
	}
	return Other
}

// checkOpaque admits what RFC 2396 calls uric, and a fragment.
func checkOpaque(b []byte) error {
	if len(b) == 0 {
		return ErrOpaque
	}
	for _, c := range b {
		if class[c]&isURIC == 0 {
			return ErrOpaque
		}
	}
	return nil
}

// parseURN checks "NID:NSS". RFC 8141 §2.
func (u *URI) parseURN(b []byte) error {
	n := 0
	for n < len(b) && (class[b[n]]&isAlnum != 0 || b[n] == '-') {
		n++
	}
	if n < 2 || n > 32 || n+1 >= len(b) || b[n] != ':' {
		return ErrOpaque
	}
	return checkOpaque(b[n+1:])
}

// UserBase returns the user part up to its first ';': "bob" of "bob;x=1". The rest of it is for whoever owns the domain
// (telephone parameters, mostly); lists that name a user mean this part.
func (u *URI) UserBase() []byte {
	for i, c := range u.User {
		if c == ';' {
			return u.User[:i]
		}
	}
	return u.User
}

// AppendTo writes the URI from its parts: the scheme in lower case where it is known, the rest as it was written.
func (u *URI) AppendTo(dst []byte) []byte {
	if u.Scheme == Other || u.Scheme == URN {
		dst = append(dst, u.SchemeName...)
		dst = append(dst, ':')
		return append(dst, u.Opaque...)
	}
	dst = append(dst, u.Scheme.String()...)
	dst = append(dst, ':')
	if u.Scheme == TEL {
		dst = append(dst, u.User...)
		return u.appendParams(dst)
	}
	if u.HasUser {
		dst = append(dst, u.User...)
		if u.HasPass {
			dst = append(dst, ':')
			dst = append(dst, u.Password...)
		}
		dst = append(dst, '@')
	}
	dst = append(dst, u.Host...)
	if u.HasPort {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(u.Port), 10)
	}
	dst = u.appendParams(dst)
	if len(u.Headers) > 0 {
		dst = append(dst, '?')
		dst = append(dst, u.Headers...)
	}
	return dst
}

func (u *URI) appendParams(dst []byte) []byte {
	if len(u.Params) == 0 {
		return dst
	}
	dst = append(dst, ';')
	return append(dst, u.Params...)
}
