package uri

import "bytes"

// parseSIP reads what follows "sip:" or "sips:". RFC 3261 §25.1:
//
//	[ userinfo ] hostport uri-parameters [ headers ]
func (u *URI) parseSIP(b []byte) error {
	// No other part may hold an unescaped '@', so that the first one ends the userinfo, and a second one is an error.
	if at := bytes.IndexByte(b, '@'); at >= 0 {
		if !u.parseUser(b[:at]) {
			return ErrUser
		}
		b = b[at+1:]
	}
	n := hostLen(b)
	if n <= 0 {
		return ErrHost
	}
	u.Host, b = b[:n], b[n:]
	if len(b) > 0 && b[0] == ':' {
		port, n := portLen(b[1:])
		if n == 0 {
			return ErrPort
		}
		u.Port, u.HasPort, b = port, true, b[1+n:]
	}
	if len(b) > 0 && b[0] == ';' {
		n := paramsLen(b[1:])
		if n < 0 {
			return ErrParams
		}
		u.Params, b = b[1:1+n], b[1+n:]
	}
	if len(b) > 0 && b[0] == '?' {
		if !checkHeaders(b[1:]) {
			return ErrHeaders
		}
		u.Headers, b = b[1:], nil
	}
	if len(b) > 0 {
		return ErrHost
	}
	return nil
}

// parseUser splits and checks a userinfo without its '@'. A ';' in it is part of the user (RFC 4475 §3.1.1.9).
func (u *URI) parseUser(b []byte) bool {
	n := span(b, isUser)
	if n == 0 {
		return false
	}
	u.HasUser, u.User = true, b[:n]
	if n == len(b) {
		return true
	}
	if b[n] != ':' {
		return false
	}
	u.HasPass, u.Password = true, b[n+1:]
	return span(u.Password, isPassword) == len(u.Password)
}

// portLen reads 1*DIGIT up to 65535; port 0 addresses nothing and is refused.
func portLen(b []byte) (port uint16, n int) {
	v := 0
	for n < len(b) && class[b[n]]&isDigit != 0 {
		v = v*10 + int(b[n]-'0')
		if v > 65535 {
			return 0, 0
		}
		n++
	}
	if v == 0 {
		return 0, 0
	}
	return uint16(v), n
}

// checkHeaders checks "hname=hvalue" joined by '&'. RFC 3261 §19.1.1.
func checkHeaders(b []byte) bool {
	if len(b) == 0 || b[len(b)-1] == '&' || span(b, isHeader) != len(b) {
		return false
	}
	for n := 0; len(b) > 0; n++ {
		var h []byte
		h, b = cut(b, '&')
		if n >= MaxParams || bytes.IndexByte(h, '=') <= 0 {
			return false
		}
	}
	return true
}

// cut splits b at the first c, which belongs to neither part.
func cut(b []byte, c byte) (before, after []byte) {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}
