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
	if s.Prefix != "" {
		labelName(e, m, s.Prefix)
	}
	if s.Header != "" {
		e.Insert(m.HeadersEnd(), appendHeader(nil, s.Header, v))
	}
}

// labelName writes a quoted display name that begins with prefix. RFC 3261
// §25.1: quotes and backslashes in it are escaped.
func labelName(e *sip.Edit, m *sip.Message, prefix string) {
	from := m.From()
	name := append([]byte{'"'}, escape(prefix)...)
	name = append(name, escape(string(from.AppendDisplay(nil)))...)
	name = append(name, '"', ' ')
	text := m.Text(from.Span)
	lead := len(text) - len(trimDisplay(text, from))
	if from.Bracketed {
		e.Replace(sip.Span{Start: from.Span.Start, End: from.Span.Start + uint32(lead)}, name)
		return
	}
	// An addr-spec has to be put into brackets before a name can stand there;
	// what follows it are header parameters (RFC 3261 §20).
	start := from.Span.Start + uint32(lead)
	e.Insert(start, append(name, '<'))
	e.Insert(start+uint32(len(from.URI)), []byte{'>'})
}

// trimDisplay returns the part of a From value that begins with the address.
func trimDisplay(text []byte, from *sip.Address) []byte {
	if !from.Bracketed {
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
