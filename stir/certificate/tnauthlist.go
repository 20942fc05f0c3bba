package certificate

import (
	"encoding/asn1"
	"strconv"
)

// OIDTNAuthList is the extension of RFC 8226 §9: id-pe-TNAuthList.
var OIDTNAuthList = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 26}

// TNAuthList is the authority of a certificate over numbers. RFC 8226 §9.
type TNAuthList struct {
	SPC     []string  // service provider codes: every number of these providers
	Ranges  []TNRange // ranges of numbers
	Numbers []string  // single numbers, canonical as in RFC 8224 §8.3
}

// TNRange is Count numbers from Start on, all of Start's length.
type TNRange struct {
	Start string
	Count uint64
}

// The choices of TNEntry; the module of RFC 8226 has explicit tags.
const (
	tagSPC   = 0xa0
	tagRange = 0xa1
	tagOne   = 0xa2
)

const (
	maxTN  = 15 // RFC 8226 §9: TelephoneNumber, of E.164's length
	maxSPC = 64
)

// ParseTNAuthList reads the value of the extension: DER, nothing before or after it, at least one entry. Errors have the
// reason BadTNAuthList.
func ParseTNAuthList(der []byte) (TNAuthList, error) {
	var l TNAuthList
	entries, ok := readOnly(der, tagSequence)
	if !ok || len(der) > MaxChainSize {
		return l, fail(BadTNAuthList, "not a sequence")
	}
	if len(entries) == 0 {
		return l, fail(BadTNAuthList, "empty")
	}
	for n := 1; len(entries) > 0; n++ {
		tag, body, rest, ok := readDER(entries)
		if !ok {
			return TNAuthList{}, fail(BadTNAuthList, "entry "+strconv.Itoa(n))
		}
		if what := l.entry(tag, body); what != "" {
			return TNAuthList{}, fail(BadTNAuthList, "entry "+strconv.Itoa(n)+": "+what)
		}
		entries = rest
	}
	return l, nil
}

// entry adds one TNEntry, or says what is wrong with it.
func (l *TNAuthList) entry(tag byte, body []byte) string {
	switch tag {
	case tagSPC:
		code, ok := readOnly(body, tagIA5)
		if !ok || !printable(code, maxSPC) {
			return "service provider code"
		}
		l.SPC = append(l.SPC, string(code))
	case tagRange:
		r, what := parseRange(body)
		if what != "" {
			return what
		}
		l.Ranges = append(l.Ranges, r)
	case tagOne:
		number, ok := readOnly(body, tagIA5)
		if !ok || !isTN(number) {
			return "number"
		}
		l.Numbers = append(l.Numbers, string(number))
	default:
		return "unknown choice"
	}
	return ""
}

// parseRange reads a TelephoneNumberRange. RFC 8226 §9: start has digits only, for there is no counting past # and *; count
// is at least two, and start plus count is below ten to the power of start's length.
func parseRange(body []byte) (r TNRange, what string) {
	fields, ok := readOnly(body, tagSequence)
	if !ok {
		return r, "range"
	}
	tag, start, fields, ok := readDER(fields)
	first, digits := digitsOf(string(start))
	if !ok || tag != tagIA5 || !digits {
		return r, "start of range"
	}
	count, ok := readOnly(fields, tagInteger)
	n, fits := uintOf(count)
	if !ok || !fits || n < 2 {
		return r, "count of range"
	}
	if bound := tenTo(len(start)); n >= bound || first+n >= bound {
		return r, "count of range overflows"
	}
	return TNRange{Start: string(start), Count: n}, ""
}

// AppendTo writes the list as the DER that ParseTNAuthList reads.
func (l TNAuthList) AppendTo(b []byte) []byte {
	var entries []byte
	for _, s := range l.SPC {
		entries = appendDER(entries, tagSPC, appendDER(nil, tagIA5, []byte(s)))
	}
	for _, r := range l.Ranges {
		fields := appendDER(nil, tagIA5, []byte(r.Start))
		fields = appendDER(fields, tagInteger, uintBytes(r.Count))
		entries = appendDER(entries, tagRange, appendDER(nil, tagSequence, fields))
	}
	for _, s := range l.Numbers {
		entries = appendDER(entries, tagOne, appendDER(nil, tagIA5, []byte(s)))
	}
	return appendDER(b, tagSequence, entries)
}

// isTN says whether s is a TelephoneNumber of RFC 8226 §9.
func isTN[T string | []byte](s T) bool {
	if len(s) == 0 || len(s) > maxTN {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '#' && c != '*' {
			return false
		}
	}
	return true
}

// digitsOf returns the value of a number of at most fifteen digits and nothing else.
func digitsOf(s string) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > maxTN {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

func tenTo(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// uintOf reads the contents of an INTEGER that is not negative, in its shortest form and below 2^63.
func uintOf(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 8 || b[0] >= 0x80 || len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		return 0, false
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, true
}

func uintBytes(n uint64) []byte {
	var b []byte
	for shift := 56; shift >= 0; shift -= 8 {
		c := byte(n >> shift)
		if len(b) == 0 && c >= 0x80 {
			b = append(b, 0)
		}
		if len(b) > 0 || c != 0 || shift == 0 {
			b = append(b, c)
		}
	}
	return b
}
