package certificate

import (
	"encoding/asn1"
	"maps"
	"slices"

	"gatehouse.example/stir/passport"
)

// The extensions that constrain claims: id-pe-JWTClaimConstraints (RFC 8226 §8) and id-pe-eJWTClaimConstraints (RFC 9118 §3).
var (
	OIDClaimConstraints         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 27}
	OIDEnhancedClaimConstraints = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 33}
)

// Constraints limit the claims of the tokens that a certificate signs. RFC 8226 §8, RFC 9118 §3.
type Constraints struct {
	MustInclude []string            // claims that a token has, besides iat, orig and dest
	MustExclude []string            // claims that a token does not have; RFC 9118 only
	Permitted   map[string][]string // values that a claim has, if the token has it
}

const maxClaimName = 255

// ParseConstraints reads the value of a JWTClaimConstraints extension, or of an EnhancedJWTClaimConstraints one. Errors have
// the reason BadConstraints.
func ParseConstraints(der []byte, enhanced bool) (Constraints, error) {
	var c Constraints
	fields, ok := readOnly(der, tagSequence)
	if !ok || len(der) > MaxChainSize {
		return c, fail(BadConstraints, "not a sequence")
	}
	// Each field is optional, but one has to be there.
	if len(fields) == 0 {
		return c, fail(BadConstraints, "empty")
	}
	for last := byte(0); len(fields) > 0; {
		tag, body, rest, ok := readDER(fields)
		if !ok || tag <= last {
			return Constraints{}, fail(BadConstraints, "fields")
		}
		switch {
		case tag == 0xa0:
			c.MustInclude, ok = parseNames(body)
		case tag == 0xa1:
			c.Permitted, ok = parsePermitted(body)
		case tag == 0xa2 && enhanced:
			c.MustExclude, ok = parseNames(body)
		default:
			ok = false
		}
		if !ok {
			return Constraints{}, fail(BadConstraints, "fields")
		}
		last, fields = tag, rest
	}
	return c, nil
}

// parseNames reads JWTClaimNames: at least one IA5String.
func parseNames(body []byte) (names []string, ok bool) {
	list, ok := readOnly(body, tagSequence)
	for ok && len(list) > 0 {
		var name []byte
		if name, list, ok = readName(list); ok {
			names = append(names, string(name))
		}
	}
	return names, ok && len(names) > 0
}

func readName(b []byte) (name, rest []byte, ok bool) {
	tag, name, rest, ok := readDER(b)
	return name, rest, ok && tag == tagIA5 && printable(name, maxClaimName)
}

// parsePermitted reads JWTClaimValuesList. A claim stands there once: which of two lists would count is not said anywhere.
func parsePermitted(body []byte) (permitted map[string][]string, ok bool) {
	list, ok := readOnly(body, tagSequence)
	permitted = make(map[string][]string)
	for ok && len(list) > 0 {
		var tag byte
		var one []byte
		if tag, one, list, ok = readDER(list); !ok || tag != tagSequence {
			return nil, false
		}
		name, rest, named := readName(one)
		values, valued := parseValues(rest)
		if _, twice := permitted[string(name)]; twice || !named || !valued {
			return nil, false
		}
		permitted[string(name)] = values
	}
	return permitted, ok && len(permitted) > 0
}

// parseValues reads at least one UTF8String.
func parseValues(b []byte) (values []string, ok bool) {
	list, ok := readOnly(b, tagSequence)
	for ok && len(list) > 0 {
		var tag byte
		var value []byte
		tag, value, list, ok = readDER(list)
		if ok = ok && tag == tagUTF8; ok {
			values = append(values, string(value))
		}
	}
	return values, ok && len(values) > 0
}

// AppendTo writes the constraints as the DER that ParseConstraints reads; permitted claims in the order of their names.
func (c *Constraints) AppendTo(b []byte) []byte {
	var fields []byte
	if len(c.MustInclude) > 0 {
		fields = appendDER(fields, 0xa0, appendNames(nil, c.MustInclude))
	}
	if len(c.Permitted) > 0 {
		var list []byte
		for _, name := range slices.Sorted(maps.Keys(c.Permitted)) {
			var values []byte
			for _, v := range c.Permitted[name] {
				values = appendDER(values, tagUTF8, []byte(v))
			}
			one := appendDER(nil, tagIA5, []byte(name))
			list = appendDER(list, tagSequence, appendDER(one, tagSequence, values))
		}
		fields = appendDER(fields, 0xa1, appendDER(nil, tagSequence, list))
	}
	if len(c.MustExclude) > 0 {
		fields = appendDER(fields, 0xa2, appendNames(nil, c.MustExclude))
	}
	return appendDER(b, tagSequence, fields)
}

func appendNames(b []byte, names []string) []byte {
	var list []byte
	for _, n := range names {
		list = appendDER(list, tagIA5, []byte(n))
	}
	return appendDER(b, tagSequence, list)
}

// Check returns an *Error with the reason ClaimRefused where the token's claims are outside the constraints.
func (c *Constraints) Check(t *passport.Token) error { return compile(c).check(t) }
