package digest

import (
	"fmt"
	"strings"
)

// maxParams bounds how many parameters one header may carry; the RFCs define a dozen.
const maxParams = 32

// params walks the auth-params of a header value (RFC 3261 §25.1: challenge, credentials).
type params struct {
	rest  string
	count int

	name   string // as written
	value  string // unquoted and unescaped
	quoted bool
}

// begin takes the scheme off; any other than Digest is ErrScheme.
func (p *params) begin(header []byte) error {
	s := strings.Trim(string(header), " \t\r\n")
	end := strings.IndexAny(s, " \t\r\n")
	if end < 0 {
		end = len(s)
	}
	if !equalFold(s[:end], "Digest") {
		return ErrScheme
	}
	*p = params{rest: s[end:]}
	return nil
}

// next moves to the next parameter; it returns false at the end. Empty list elements are skipped.
func (p *params) next() (bool, error) {
	for {
		p.rest = strings.TrimLeft(p.rest, " \t\r\n")
		if p.rest == "" {
			return false, nil
		}
		if p.rest[0] != ',' {
			break
		}
		p.rest = p.rest[1:]
	}
	if p.count++; p.count > maxParams {
		return false, fmt.Errorf("%w: more than %d parameters", ErrSyntax, maxParams)
	}
	n := 0
	for n < len(p.rest) && isToken(p.rest[n]) {
		n++
	}
	p.name = p.rest[:n]
	p.rest = strings.TrimLeft(p.rest[n:], " \t\r\n")
	if n == 0 || p.rest == "" || p.rest[0] != '=' {
		return false, fmt.Errorf("%w: a parameter is not name=value", ErrSyntax)
	}
	p.rest = strings.TrimLeft(p.rest[1:], " \t\r\n")
	if err := p.takeValue(); err != nil {
		return false, err
	}
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest != "" && p.rest[0] != ',' {
		return false, fmt.Errorf("%w: no comma after %s", ErrSyntax, clip(p.name))
	}
	return true, nil
}

// takeValue reads a quoted-string or a run of octets up to a comma or white space. The run may hold more
// than token characters because peers forget the quotes around uri and nonce.
func (p *params) takeValue() error {
	if p.quoted = p.rest != "" && p.rest[0] == '"'; p.quoted {
		return p.takeQuoted()
	}
	n := 0
	for n < len(p.rest) && p.rest[n] > ' ' && p.rest[n] != 0x7f && p.rest[n] != ',' && p.rest[n] != '"' {
		n++
	}
	if n == 0 {
		return fmt.Errorf("%w: %s has no value", ErrSyntax, clip(p.name))
	}
	p.value, p.rest = p.rest[:n], p.rest[n:]
	return nil
}

// takeQuoted unescapes a quoted-string. RFC 7616's unq() leaves open whether escapes count as two octets;
// the values are hashed unescaped here, as the common clients do.
func (p *params) takeQuoted() error {
	var b strings.Builder
	s, start := p.rest, 1
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if b.Len() == 0 {
				p.value = s[start:i]
			} else {
				b.WriteString(s[start:i])
				p.value = b.String()
			}
			p.rest = s[i+1:]
			return nil
		case c == '\\':
			if i+1 >= len(s) || isControl(s[i+1]) {
				return fmt.Errorf("%w: bad escape in %s", ErrSyntax, clip(p.name))
			}
			b.WriteString(s[start:i])
			b.WriteByte(s[i+1])
			i++
			start = i + 1
		case isControl(c):
			return fmt.Errorf("%w: control character in %s", ErrSyntax, clip(p.name))
		}
	}
	return fmt.Errorf("%w: %s lacks its closing quote", ErrSyntax, clip(p.name))
}

// appendQuoted writes name="value". Control characters cannot stand in a header and are left out, so that
// no value can end its line.
func appendQuoted(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	for i := range len(value) {
		c := value[i]
		if isControl(c) {
			continue
		}
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// isToken is the token of RFC 3261 §25.1.
func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c != 0 && strings.IndexByte("-.!%*_+`'~", c) >= 0
}

// clip shortens attacker-supplied text for an error.
func clip(s string) string {
	if len(s) > 24 {
		return s[:24]
	}
	return s
}

// seen refuses a parameter that comes twice: two readers would pick different ones.
type seen uint32

func (s *seen) once(bit uint, name string) error {
	if *s&(1<<bit) != 0 {
		return fmt.Errorf("%w: %s stands twice", ErrSyntax, name)
	}
	*s |= 1 << bit
	return nil
}
