package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse.example/sip/digest"
	"gatehouse.example/sip/uri"
)

// maxPassword bounds a password in octets; longer ones only cost hashing time.
const maxPassword = 512

// Canonical turns what people write ("alice@example.test", "sip:alice@EXAMPLE.test;user=ip") into the key
// of the account: the AoR key with the scheme sip. A letter that an address cannot hold is escaped, as
// phones do it: "jürg@example.test" is sip:j%C3%BCrg@example.test (RFC 3261 §19.1.2).
func Canonical(address string) (string, error) {
	text := address
	if l := strings.ToLower(text); !strings.HasPrefix(l, "sip:") && !strings.HasPrefix(l, "sips:") {
		text = "sip:" + text
	}
	u, err := uri.Parse([]byte(escape(text)))
	if err != nil || u.Scheme != uri.SIP && u.Scheme != uri.SIPS || len(u.User) == 0 || len(u.Host) == 0 {
		return "", fmt.Errorf("%w: %q", ErrAddress, clip(address))
	}
	key := Key(string(u.AppendAoR(nil)))
	if name, _ := Names(key); !usableName(name) {
		return "", fmt.Errorf("%w: %q", ErrAddress, clip(address))
	}
	return key, nil
}

// Key maps the AoR keys of the scheme sips to those of sip: both name one user (RFC 3261 §19.1).
func Key(aor string) string {
	if rest, ok := strings.CutPrefix(aor, "sips:"); ok {
		return "sip:" + rest
	}
	return aor
}

// Names returns the user name, decoded as people type it, and the domain of an AoR key.
func Names(aor string) (name, domain string) {
	_, rest, _ := strings.Cut(aor, ":")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return "", rest
	}
	return unescape(rest[:at]), rest[at+1:]
}

// escape writes every octet that is not ASCII as %HH.
func escape(s string) string {
	b := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		if c < utf8.RuneSelf {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return string(b)
}

// unescape decodes every %HH; what is none stays.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if hi >= 0 && lo >= 0 {
				b = append(b, byte(hexValue(hi)<<4|hexValue(lo)))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

const hexDigits = "0123456789ABCDEFabcdef"

func hexValue(i int) int {
	if i > 15 {
		return i - 6
	}
	return i
}

// usableName refuses names that a digest cannot carry: RFC 7617's reason against the colon holds here too,
// since HA1 joins name, realm and password with colons.
func usableName(name string) bool {
	if name == "" || !utf8.ValidString(name) || strings.IndexByte(name, ':') >= 0 {
		return false
	}
	return strings.IndexFunc(name, unicode.IsControl) < 0
}

// keys computes the stored keys of a user from its password.
func keys(aor, password string, algorithms []digest.Algorithm) (plain, full map[digest.Algorithm]string, err error) {
	if password == "" || len(password) > maxPassword || !utf8.ValidString(password) || strings.IndexFunc(password, unicode.IsControl) >= 0 {
		return nil, nil, ErrPassword
	}
	name, domain := Names(aor)
	plain, full = map[digest.Algorithm]string{}, map[digest.Algorithm]string{}
	for _, a := range algorithms {
		a = a.Base()
		plain[a] = a.HA1(name, domain, password)
		full[a] = a.HA1(name+"@"+domain, domain, password)
	}
	return plain, full, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
