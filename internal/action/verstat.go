package action

import (
	"bytes"

	"gatehouse.example/sip"
)

// stripVerstat cuts every verstat parameter out of the fields that name the
// caller, where he could claim to have been verified. 3GPP TS 24.229 §7.2A.20
// puts it into the user part of a sip URI or among the parameters of a tel URI;
// some put it behind the address.
func stripVerstat(e *sip.Edit, m *sip.Message, t Trust) {
	if m.IsRequest() { // in a response it is what the other side has written
		cutVerstat(e, m.Text(m.From().Span), m.From().Span.Start, m.From())
	}
	if !t.Identity {
		return // the others are gone
	}
	for _, id := range [...]sip.HeaderID{sip.HeaderPAssertedIdentity, sip.HeaderPPreferredIdentity, sip.HeaderRemotePartyID} {
		for vs := m.Values(id); vs.Next(); {
			var a sip.Address
			if a.Parse(vs.Text()) == nil {
				cutVerstat(e, vs.Text()[a.Span.Start:], vs.Span().Start+a.Span.Start, &a)
			}
		}
	}
}

// cutVerstat works on one address, whose text begins at offset base of the
// message. What stands in a display name is left alone.
func cutVerstat(e *sip.Edit, text []byte, base uint32, a *sip.Address) {
	at := len(a.Display)
	for at < len(text) && isLWS(text[at]) {
		at++
	}
	if a.Bracketed {
		at++
	}
	end := at + len(a.URI)
	for i := at; i < end; i++ {
		if text[i] != ';' {
			continue
		}
		n := paramLen(text[i:end])
		if isNamed(text[i+1:i+n], verstat) {
			e.Delete(sip.Span{Start: base + uint32(i), End: base + uint32(i+n)})
		}
		i += n - 1
	}
	if a.Bracketed {
		end++
	}
	cutParams(e, text[end:], base+uint32(end), verstat)
}

const verstat = "verstat"

// stripVerified cuts the verified parameter out of Call-Info: RFC 9796 has a terminating network say with it that it has checked what is in the field.
func stripVerified(e *sip.Edit, m *sip.Message) {
	for vs := m.Values(sip.HeaderCallInfo); vs.Next(); {
		if end := bytes.IndexByte(vs.Text(), '>') + 1; end > 0 {
			cutParams(e, vs.Text()[end:], vs.Span().Start+uint32(end), "verified")
		}
	}
}

// cutParams cuts the parameters of that name out of those of a header field.
func cutParams(e *sip.Edit, text []byte, base uint32, name string) {
	for i := 0; i < len(text); {
		n := headerParamLen(text[i:])
		if isNamed(bytes.TrimLeft(text[i:i+n], "; \t\r\n"), name) {
			e.Delete(sip.Span{Start: base + uint32(i), End: base + uint32(i+n)})
		}
		i += n
	}
}

// paramLen is the length of a URI parameter with the ';' before it. In the user
// part it ends at '@', elsewhere at the URI's headers.
func paramLen(b []byte) int {
	if n := bytes.IndexAny(b[1:], ";@?"); n >= 0 {
		return n + 1
	}
	return len(b)
}

// headerParamLen is the length of a header parameter with what stands before it.
func headerParamLen(b []byte) int {
	i := bytes.IndexByte(b, ';') + 1
	for quoted := false; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ';' && !quoted:
			return i
		}
	}
	return len(b)
}

// isNamed compares the name of a parameter, in any case and with escapes, as
// RFC 3261 §19.1.4 does.
func isNamed(param []byte, name string) bool {
	i := 0
	for n := 0; n < len(name); n++ {
		if i >= len(param) {
			return false
		}
		c := param[i]
		i++
		if c == '%' && i+1 < len(param) {
			c = unhex(param[i])<<4 | unhex(param[i+1])
			i += 2
		}
		if c|0x20 != name[n] {
			return false
		}
	}
	return i == len(param) || param[i] == '=' || isLWS(param[i])
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0
}

func isLWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
