package lists

import (
	"bytes"
	"encoding/binary"
	"fmt"
	ones "math/bits"
	"net/netip"
	"strings"

	"gatehouse.example/sip/uri"
)

// Type is what a value is.
type Type uint8

// The types of value, with how they are written.
const (
	Number       Type = iota // +1 555 123-0001, tel:+15551230001, 0049 30 123456
	NumberPrefix             // +1555123*
	Address                  // sip:bob@example.test, bob@example.test
	Domain                   // example.test: this host only
	Subdomains               // *.example.test: all hosts below it
	Source                   // 192.0.2.7, 192.0.2.0/24, 2001:db8::/32
	Agent                    // ua:friendly-scanner: anywhere in the User-Agent
	AgentPrefix              // ua:sipvicious*: at its start
)

var typeWords = [...]string{"number", "number", "address", "domain", "domain", "source", "user agent", "user agent"}

// String returns what evidence calls it.
func (t Type) String() string { return typeWords[t] }

// Value is a parsed value.
type Value struct {
	// Type is what it is.
	Type Type
	// Text is its canonical form; parsing it gives the same Value.
	Text string
}

// keyOf is the canonical text without what only shows the type.
func keyOf(t Type, text string) string {
	switch t {
	case NumberPrefix:
		return text[:len(text)-len("*")]
	case Address:
		return text[len("sip:"):]
	case Subdomains:
		return text[len("*."):]
	case Agent:
		return text[len("ua:"):]
	case AgentPrefix:
		return text[len("ua:") : len(text)-len("*")]
	}
	return text
}

// sourcePrefix reads the canonical text of a Source.
func sourcePrefix(text string) netip.Prefix {
	if strings.Contains(text, "/") {
		return netip.MustParsePrefix(text)
	}
	a := netip.MustParseAddr(text)
	return netip.PrefixFrom(a, a.BitLen())
}

// Limits of a value.
const (
	maxValue  = 250 // octets; an address of a look-up that is longer is on no list
	minAgent  = 3   // letters of a User-Agent pattern: fewer would match almost everything
	maxDigits = 31  // of a number or number prefix
)

// ParseValue sees from the text what it is. National numbers become international by the given plan, as those of calls do.
func ParseValue(text string, plan uri.Plan) (Value, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxValue {
		return Value{}, fmt.Errorf("lists: value of %d octets: %w", len(text), ErrValue)
	}
	v, ok := Value{}, false
	switch lower := strings.ToLower(text); {
	case strings.HasPrefix(lower, "ua:"):
		v, ok = parseAgent(lower[3:])
	case strings.HasPrefix(lower, "sip:"), strings.HasPrefix(lower, "sips:"), strings.HasPrefix(lower, "tel:"):
		v, ok = parseAddress(text, plan)
	case strings.Contains(text, "@"):
		if user, _, _ := strings.Cut(text, "@"); !strings.Contains(user, ":") { // mailto:, xmpp: and their like are other people's addresses
			v, ok = parseAddress("sip:"+text, plan)
		}
	default:
		if v, ok = parseSource(text); !ok {
			if v, ok = parseNumber(text, plan); !ok {
				v, ok = parseDomain(lower)
			}
		}
	}
	if !ok || len(v.Text) > maxValue {
		return Value{}, fmt.Errorf("lists: value %q: %w", text, ErrValue)
	}
	return v, nil
}

func parseAgent(text string) (Value, bool) {
	v := Value{Type: Agent, Text: "ua:" + text}
	piece, atStart := strings.CutSuffix(text, "*")
	if atStart {
		v.Type = AgentPrefix
	}
	for i := 0; i < len(piece); i++ {
		if piece[i] < ' ' || piece[i] == 0x7F || piece[i] == '*' {
			return Value{}, false
		}
	}
	return v, len(piece) >= minAgent && piece == strings.TrimSpace(piece)
}

func parseAddress(text string, plan uri.Plan) (Value, bool) {
	u, err := uri.Parse([]byte(text))
	if err != nil {
		return Value{}, false
	}
	if user, _ := u.Param("user"); u.Scheme == uri.TEL || bytes.EqualFold(user, []byte("phone")) {
		n, ok := u.AppendNumber(nil, plan)
		if !ok || len(n) > maxDigits {
			return Value{}, false
		}
		return Value{Type: Number, Text: string(n)}, true
	}
	if !u.HasUser {
		if addr, ok := u.Addr(); ok {
			return sourceValue(netip.PrefixFrom(addr, addr.BitLen())), true
		}
		return parseDomain(string(uri.AppendHost(nil, u.Host)))
	}
	aor := string(u.AppendAoR(nil))
	return Value{Type: Address, Text: "sip:" + afterColon(aor)}, true
}

// afterColon cuts the scheme: sip: and sips: name the same user, the latter only asks for more of the way.
func afterColon(aor string) string { return aor[strings.IndexByte(aor, ':')+1:] }

func parseSource(text string) (Value, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		addr, bits := p.Addr().Unmap(), p.Bits()
		if addr != p.Addr() {
			bits -= 96
		}
		if bits < 0 {
			return Value{}, false
		}
		return sourceValue(netip.PrefixFrom(addr, bits).Masked()), true
	}
	if p, ok := oldPrefix(text); ok {
		return sourceValue(p), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil || a.Zone() != "" {
		return Value{}, false
	}
	a = a.Unmap()
	return sourceValue(netip.PrefixFrom(a, a.BitLen())), true
}

// oldPrefix reads what firewalls wrote before there were prefixes: "192.0.2.*", "192.0.2.0/255.255.255.0".
func oldPrefix(text string) (netip.Prefix, bool) {
	octets := text
	for strings.HasSuffix(octets, ".*") {
		octets = strings.TrimSuffix(octets, ".*")
	}
	if known := 1 + strings.Count(octets, "."); octets != text && known < 4 {
		a, err := netip.ParseAddr(octets + strings.Repeat(".0", 4-known))
		return netip.PrefixFrom(a, 8*known), err == nil && a.Is4()
	}
	address, mask, _ := strings.Cut(text, "/")
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is4() {
		return netip.Prefix{}, false
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() {
		return netip.Prefix{}, false
	}
	b := m.As4()
	bits := binary.BigEndian.Uint32(b[:])
	p := netip.PrefixFrom(a, ones.LeadingZeros32(^bits)).Masked()
	return p, ones.OnesCount32(bits) == p.Bits()
}

func sourceValue(p netip.Prefix) Value {
	v := Value{Type: Source, Text: p.String()}
	if p.IsSingleIP() {
		v.Text = p.Addr().String()
	}
	return v
}

// parseNumber reads digits with a "+" before them, visual separators between them, and a "*" behind them for a prefix.
func parseNumber(text string, plan uri.Plan) (Value, bool) {
	number, isPrefix := strings.CutSuffix(text, "*")
	if octets, _, _ := strings.Cut(text, "/"); strings.Contains(text, "..") || strings.Count(octets, ".") == 3 && strings.Trim(text, "0123456789./*") == "" {
		return Value{}, false // a mistyped IP address must not become somebody's number
	}
	number = withoutZero(number)
	digits := make([]byte, 0, len(number))
	for i := 0; i < len(number); i++ {
		switch c := number[i]; {
		case c >= '0' && c <= '9', c == '+' && len(digits) == 0:
			digits = append(digits, c)
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/':
		default:
			return Value{}, false
		}
	}
	if len(digits) < 2 || len(digits) > maxDigits {
		return Value{}, false
	}
	if isPrefix {
		// What comes after it is unknown, so the plan's rules, which need whole numbers, do not apply; "00" always means "+".
		if strings.HasPrefix(string(digits), "00") && len(digits) > 2 {
			digits = append([]byte{'+'}, digits[2:]...)
		}
		return Value{Type: NumberPrefix, Text: string(digits) + "*"}, true
	}
	u := uri.URI{Scheme: uri.TEL, User: digits}
	n, ok := u.AppendNumber(nil, plan)
	return Value{Type: Number, Text: string(n)}, ok
}

// withoutZero takes the zero out of "+49 (0)30 123456", which is dialled inside the country only. In Italy and its neighbours it belongs to the number.
func withoutZero(number string) string {
	before, behind, ok := strings.Cut(number, "(0)")
	if !ok || !strings.HasPrefix(before, "+") && !strings.HasPrefix(before, "00") {
		return number
	}
	code := strings.TrimPrefix(strings.TrimPrefix(digitsOf(before), "+"), "00")
	if code == "39" || code == "378" || code == "379" || len(code) > 3 {
		return number
	}
	return before + behind
}

func parseDomain(text string) (Value, bool) {
	v := Value{Type: Domain, Text: strings.TrimSuffix(text, ".")}
	name, below := strings.CutPrefix(v.Text, "*.")
	if below {
		v.Type = Subdomains
	}
	labels := strings.Split(name, ".")
	if v.Type == Domain && len(labels) == 1 && name != "localhost" {
		return Value{}, false
	}
	for _, label := range labels {
		if !isLabel(label) {
			return Value{}, false
		}
	}
	// RFC 3261 §25.1: the last label starts with a letter, which keeps broken IP addresses from becoming domains.
	last := labels[len(labels)-1]
	return v, last[0] >= 'a' && last[0] <= 'z'
}

// isLabel allows the letters, digits and hyphens of RFC 1123 and the underscore that operators use nevertheless. Names in other
// scripts are written as A-labels (xn--…).
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
