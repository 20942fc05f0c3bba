package certificate

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// nameKey returns a distinguished name in the form in which names are compared: RFC 5280 §7.1, without regard to the kind
// of string, to ASCII case and to the amount of white space. A revoked certificate must not slip through a CRL that writes
// its issuer as a PrintableString where the certificate has a UTF8String.
func nameKey(raw []byte) (string, bool) {
	keys, ok := rdnKeys(raw)
	return strings.Join(keys, "\x00"), ok
}

// rdnKeys returns the parts of a name, each in the form for comparison.
func rdnKeys(raw []byte) (keys []string, ok bool) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return nil, false
	}
	for _, rdn := range name {
		var parts []string
		for _, a := range rdn {
			if a.Value == nil { // of a type that encoding/asn1 does not read: two of them would look alike
				return nil, false
			}
			// Lengths keep one attribute's text from looking like two.
			v := foldSpace(fmt.Sprint(a.Value))
			parts = append(parts, fmt.Sprintf("%s=%d:%s", a.Type, len(v), v))
		}
		keys = append(keys, strings.Join(parts, "+"))
	}
	return keys, true
}

func foldSpace(s string) string {
	return lowerASCII(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "))
}

// lowerASCII leaves what is not ASCII alone: names of domains have no other letters, and folding K (Kelvin) to k would let
// a look-alike pass.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// equalASCII says whether s and the lower-case t are equal but for ASCII case.
func equalASCII(s, t string) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != t[i] {
			return false
		}
	}
	return true
}

// The kinds of GeneralName. RFC 5280 §4.2.1.6.
const (
	nameEmail     = 0x81
	nameDNS       = 0x82
	nameDirectory = 0xa4
	nameURI       = 0x86
)

// generalName is a GeneralName: its tag, and the text, or the Name of a directoryName.
type generalName struct {
	kind  byte
	value []byte
}

// maxNames limits the names of one kind of list, such as a subjectAltName or the excluded subtrees: each name is compared
// with each constraint of each CA above, and the names with each call.
const maxNames = 256

// parseGeneralNames reads the contents of GeneralNames.
func parseGeneralNames(body []byte) (names []generalName, ok bool) {
	for len(body) > 0 {
		if len(names) == maxNames {
			return nil, false
		}
		var n generalName
		if n, body, ok = readGeneralName(body); !ok {
			return nil, false
		}
		names = append(names, n)
	}
	return names, len(names) > 0
}

func readGeneralName(b []byte) (n generalName, rest []byte, ok bool) {
	n.kind, n.value, rest, ok = readDER(b)
	return n, rest, ok && n.kind&0xc0 == 0x80 && n.kind&0x1f <= 8
}

// directoryKeys are the comparable forms of the directory names among names.
func directoryKeys(names []generalName) (keys []string, ok bool) {
	for _, n := range names {
		if n.kind == nameDirectory {
			key, ok := nameKey(n.value)
			if !ok {
				return nil, false
			}
			keys = append(keys, key)
		}
	}
	return keys, true
}

// uriTexts are the URIs among names.
func uriTexts(names []generalName) (uris []string) {
	for _, n := range names {
		if n.kind == nameURI {
			uris = append(uris, string(n.value))
		}
	}
	return uris
}
