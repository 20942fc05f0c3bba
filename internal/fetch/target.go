package fetch

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL bounds the length of an address. Real ones have about a hundred octets.
const maxURL = 1024

// A target is an address that has passed the guard: the one spelling of it that is a key of the cache, and where it leads.
type target struct {
	url  string     // canonical
	host string     // in lower case; a literal without brackets
	addr netip.Addr // what a literal names; invalid for a name
	port uint16
}

// origin is what failures of a host are remembered under.
func (t target) origin() string { return t.hostPort() }

// hostPort is the authority as it stands in a URL.
func (t target) hostPort() string {
	host := t.host
	if t.addr.Is6() {
		host = "[" + host + "]"
	}
	if t.port == 443 {
		return host
	}
	return host + ":" + strconv.Itoa(int(t.port))
}

// parseTarget is the guard of what a stranger wants us to fetch. It takes https only, on one of the ports, without userinfo or
// fragment, with a host that is a name of DNS or an address in its one usual spelling. Whatever another reader of URLs might
// understand in another way is refused: white space, control characters, backslashes, octets above ASCII, zones, names that end in a
// number and so could be an address (RFC 3986 §7.4). That the host may be asked at all is decided when it is dialled.
//
// RFC 3986 §3.2.1: userinfo can make an address look like that of another host.
func parseTarget(raw string, ports []uint16) (target, error) {
	refuse := func(r Reason, detail string) (target, error) {
		return target{}, &Error{Reason: r, URL: raw, Detail: detail}
	}
	if len(raw) > maxURL {
		return refuse(BadURL, "longer than "+strconv.Itoa(maxURL)+" octets")
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return refuse(BadURL, "a character that has no place in an address")
		}
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !strings.EqualFold(scheme, "https") {
		return refuse(BadScheme, "")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	switch {
	case strings.IndexByte(authority, '@') >= 0:
		return refuse(HasUserinfo, "")
	case strings.IndexByte(path, '#') >= 0:
		return refuse(HasFragment, "")
	case !validEscapes(path):
		return refuse(BadURL, "a bad percent-encoding")
	}
	t, ok := parseAuthority(authority)
	if !ok {
		return refuse(BadHost, "")
	}
	if !allowedPort(t.port, ports) {
		return refuse(BadPort, strconv.Itoa(int(t.port)))
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // RFC 9110 §4.2.3: an empty path is "/"
	}
	t.url = "https://" + t.hostPort() + path
	// The HTTP client reads addresses with net/url: it has to see the same host.
	if u, err := url.Parse(t.url); err != nil || u.Host != t.hostPort() || u.User != nil || u.Opaque != "" {
		return refuse(BadURL, "")
	}
	return t, nil
}

func allowedPort(port uint16, ports []uint16) bool {
	for _, p := range ports {
		if p == port {
			return true
		}
	}
	return false
}

// parseAuthority reads host and port.
func parseAuthority(s string) (t target, ok bool) {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return t, false
		}
		host, port = s[:end+1], s[end+1:]
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i:]
	}
	if t.port, ok = parsePort(port); !ok {
		return t, false
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return t, false
		}
		t.addr, t.host = addr, addr.String()
		return t, true
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		t.addr, t.host = addr, addr.String()
		return t, true
	}
	t.host = strings.ToLower(host)
	return t, validName(t.host)
}

// parsePort reads what follows the host: nothing, or a colon and a number without leading zeros.
func parsePort(s string) (uint16, bool) {
	if s == "" {
		return 443, true
	}
	digits, ok := strings.CutPrefix(s, ":")
	if !ok || digits == "" || len(digits) > 5 || digits[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = 10*n + int(digits[i]-'0')
	}
	return uint16(n), n <= 65535
}

// validName takes a host name of letters, digits, hyphens and underscores (RFC 1123 §2.1). One whose last label begins with a digit
// is none: no top-level domain does, and some resolvers read 127.1, 2130706433 and 0x7f.1 as addresses.
func validName(name string) bool {
	if len(name) == 0 || len(name) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
		last = label
	}
	return last[0] < '0' || last[0] > '9'
}

func validEscapes(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+2 >= len(s) || !hexDigit(s[i+1]) || !hexDigit(s[i+2]) {
				return false
			}
			i += 2
		}
	}
	return true
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
