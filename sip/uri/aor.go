package uri

import "bytes"

// AppendAoR writes the canonical key of an address of record: "sip:bob@example.test". RFC 3261 §10.3 step 5: no
// parameters and no escapes. There is no port, password or header in it; the host is in lower case and an address in its
// shortest form, an IPv4-mapped one as IPv4. The user part keeps its case.
//
// Escapes are undone once, and only where the character may stand in a user part as it is, so that the key is itself a
// URI, prints safely and cannot be made ambiguous: "%62ob" is "bob", "%2562ob" and "%00" stay. An unescaped '#' becomes
// "%23". sips: is a key of its own. A tel: key is the number without visual separators, "tel:+15551230001", and a local
// one keeps its phone-context. Other schemes are copied with the scheme in lower case.
func (u *URI) AppendAoR(dst []byte) []byte {
	switch u.Scheme {
	case SIP, SIPS:
		dst = append(dst, u.Scheme.String()...)
		dst = append(dst, ':')
		if u.HasUser {
			dst = appendUser(dst, u.User)
			dst = append(dst, '@')
		}
		return AppendHost(dst, u.Host)
	case TEL:
		return u.appendTelKey(dst)
	}
	dst = appendLower(dst, u.SchemeName)
	dst = append(dst, ':')
	return append(dst, u.Opaque...)
}

// appendUser undoes the escapes of characters that need none.
func appendUser(dst, user []byte) []byte {
	if bytes.IndexByte(user, '%') < 0 && bytes.IndexByte(user, '#') < 0 {
		return append(dst, user...)
	}
	for i := 0; i < len(user); {
		c := user[i]
		i++
		plain := c != '#'
		if c == '%' {
			c, _ = escaped(user, i-1)
			i += 2
			plain = class[c]&isUser != 0 && c != '#'
		}
		if plain {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

// AppendHost writes a host in canonical form: a name in lower case without a final dot, an address in its shortest form,
// in brackets if it is IPv6, an IPv4-mapped one as IPv4.
func AppendHost(dst, host []byte) []byte {
	if a, ok := ParseHost(host); ok {
		if a.Is4() {
			return a.AppendTo(dst)
		}
		dst = append(dst, '[')
		dst = a.AppendTo(dst)
		return append(dst, ']')
	}
	return appendLower(dst, bytes.TrimSuffix(host, []byte{'.'}))
}

func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, lower(c))
	}
	return dst
}

func (u *URI) appendTelKey(dst []byte) []byte {
	dst = append(dst, "tel:"...)
	dst = appendDigits(dst, u.User)
	if u.User[0] == '+' {
		return dst
	}
	context, ok := u.Param("phone-context")
	if !ok || len(context) == 0 {
		return dst
	}
	dst = append(dst, ";phone-context="...)
	if context[0] == '+' {
		return appendDigits(dst, context)
	}
	return appendLower(dst, context)
}

func appendDigits(dst, number []byte) []byte {
	for _, c := range number {
		if class[c]&isSeparator == 0 {
			dst = append(dst, lower(c))
		}
	}
	return dst
}
