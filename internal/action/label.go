package action

import (
	"bytes"
	"strconv"

	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// LabelStyle is how a suspicious call is marked.
type LabelStyle struct {
	// Prefix stands before the caller's display name; "" changes no name.
	Prefix string
	// Header is the field that carries score and reasons; "" adds none.
	Header string
}

// Label marks a request that is let through although it looks like spam: a
// prefix before the display name, which phones show, and a header for the PBX.
func Label(e *sip.Edit, m *sip.Message, s LabelStyle, v *verdict.Verdict) {
	Mark(e, m, s)
	if s.Header != "" {
		e.Insert(m.HeadersEnd(), appendHeader(nil, s.Header, v))
	}
}

// Mark is the prefix alone: what a caller who was labelled sends within the call has the same From as its beginning (RFC 3261 §12.2.1.1),
// or a PBX that takes the name from there shows it without the label.
func Mark(e *sip.Edit, m *sip.Message, s LabelStyle) {
	if s.Prefix == "" {
		return
	}
	from := m.From()
	labelName(e, m.Text(from.Span), from.Span.Start, from, s.Prefix)
	labelAsserted(e, m, s.Prefix)
}

// labelAsserted marks the names that a trusted peer gives its caller: a PBX that believes them shows them in the place of From's. Those of others
// are removed as a whole.
func labelAsserted(e *sip.Edit, m *sip.Message, prefix string) {
	for _, id := range [...]sip.HeaderID{sip.HeaderPAssertedIdentity, sip.HeaderRemotePartyID} {
		for vs := m.Values(id); vs.Next(); {
			var a sip.Address
			if a.Parse(vs.Text()) == nil {
				labelName(e, vs.Text()[a.Span.Start:], vs.Span().Start+a.Span.Start, &a, prefix)
			}
		}
	}
}

// labelName writes a quoted display name that begins with prefix to the address a, whose text begins at offset base of the
// message. RFC 3261 §25.1: quotes and backslashes in it are escaped.
func labelName(e *sip.Edit, text []byte, base uint32, a *sip.Address, prefix string) {
	name := append([]byte{'"'}, escape(prefix)...)
	name = append(name, escape(string(a.AppendDisplay(nil)))...)
	name = append(name, '"', ' ')
	start := base + uint32(len(text)-len(trimDisplay(text, a)))
	if a.Bracketed {
		e.Replace(sip.Span{Start: base, End: start}, name)
		return
	}
	// An addr-spec has to be put into brackets before a name can stand there;
	// what follows it are header parameters (RFC 3261 §20).
	e.Insert(start, append(name, '<'))
	e.Insert(start+uint32(len(a.URI)), []byte{'>'})
}

// trimDisplay returns the part of a value that begins with the address.
func trimDisplay(text []byte, a *sip.Address) []byte {
	if !a.Bracketed {
		return text
	}
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '<' && !quoted:
			return text[i:]
		}
	}
	return text
}

func escape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		if s[i] >= ' ' && s[i] != 0x7f {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// appendHeader writes the field: the score and the signals that made it.
func appendHeader(dst []byte, name string, v *verdict.Verdict) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, v.Action.String()...)
	dst = append(dst, ";score="...)
	dst = strconv.AppendFloat(dst, v.Score, 'f', -1, 64)
	dst = append(dst, ";signals=\""...)
	for i := range v.Signals {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, v.Signals[i].Name...)
	}
	return append(dst, "\";id="+v.ID+"\r\n"...)
}

// Unlabel takes the prefix off the display name of To: a callee repeats there how
// the caller was labelled, when it sends something inside the call (RFC 3261
// §12.2.1.1), and the caller is not to see it.
func Unlabel(e *sip.Edit, m *sip.Message, s LabelStyle) {
	if s.Prefix == "" {
		return
	}
	to := m.To()
	text := m.Text(to.Span)
	if len(text) == 0 || text[0] != '"' {
		return
	}
	prefix := escape(s.Prefix)
	if bytes.HasPrefix(text[1:], []byte(prefix)) {
		start := to.Span.Start + 1
		e.Delete(sip.Span{Start: start, End: start + uint32(len(prefix))})
	}
}
