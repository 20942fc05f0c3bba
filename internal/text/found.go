package text

import (
	"bytes"
	"strings"

	"gatehouse.example/sip"
)

// Found is the text of one request.
type Found struct {
	// Text is what a human reads, a line for each header and part.
	Text string
	// Opaque is the media type of the first part that nobody here can read, empty where there is none.
	Opaque string
	// Names are what the cards that come with the request call its caller (RFC 9796 §4). They are as little proven as a display name.
	Names []string
	// Cut says that a bound was reached and something was left out.
	Cut bool
}

// Of returns the text of a request: of its body, and of the headers that carry text to a human and stand in no key of their own. The display name
// and the user part of From are left to the caller, who has them already ([AppendUser]).
func Of(m *sip.Message) Found {
	var c collector
	for _, f := range m.Fields() {
		switch f.ID {
		case sip.HeaderSubject, sip.HeaderOrganization:
			c.add(string(m.Text(f.Value)))
		case sip.HeaderReason:
			c.add(quoted(param(string(m.Text(f.Value)), "text")))
		case sip.HeaderCallInfo, sip.HeaderAlertInfo, sip.HeaderErrorInfo:
			c.info(string(m.Text(f.Value)))
		}
	}
	switch body := m.Body(); {
	case len(body) == 0:
	case string(m.Value(sip.HeaderContentType)) == "application/sdp" && !m.Has(sip.HeaderContentEncoding): // nearly every call
		c.sdp(body)
	default:
		c.body(part{
			kind: string(m.Value(sip.HeaderContentType)), packing: string(m.Value(sip.HeaderContentEncoding)),
			transfer: transferOf(m), disposition: string(m.Value(sip.HeaderContentDisposition)), data: body,
		}, 0)
	}
	return c.found()
}

// transferOf finds a Content-Transfer-Encoding, which SIP does not need and gateways send nevertheless.
func transferOf(m *sip.Message) string {
	for _, f := range m.Fields() {
		if f.ID == sip.HeaderUnknown && bytes.EqualFold(m.Text(f.Name), []byte("Content-Transfer-Encoding")) {
			return string(m.Text(f.Value))
		}
	}
	return ""
}

// Body returns the text of a body of the given Content-Type.
func Body(contentType string, body []byte) Found {
	var c collector
	c.body(part{kind: contentType, data: body}, 0)
	return c.found()
}

// AppendUser appends the user part of a canonical address ("sip:user@host") with its %-escapes undone: "sip:buy%20now@x" says "buy now".
func AppendUser(dst []byte, aor string) []byte {
	_, rest, ok := strings.Cut(aor, ":")
	if !ok {
		return dst
	}
	user, _, ok := strings.Cut(rest, "@")
	if !ok && !strings.HasPrefix(aor, "tel:") {
		return dst
	}
	return appendUnescaped(dst, user)
}

func appendUnescaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				dst = append(dst, hi<<4|lo)
				i += 2
				continue
			}
		}
		dst = append(dst, s[i])
	}
	return dst
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// info reads a Call-Info value: the address, which may be shown, or the card that is written into it, and the call-reason of RFC 9796 §4.
func (c *collector) info(value string) {
	var b strings.Builder
	rest := value
	for range MaxParts {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		address, tail, ok := strings.Cut(after, ">")
		if !ok {
			break
		}
		switch scheme, _, _ := strings.Cut(address, ":"); strings.ToLower(scheme) {
		case "cid": // a part of the body
		case "data":
			c.card(dataOf(address))
		default:
			b.WriteString(address)
			b.WriteByte(' ')
		}
		rest = tail
	}
	b.WriteString(quoted(param(value, "call-reason")))
	c.add(b.String())
}

// collector gathers text within the bounds.
type collector struct {
	b      strings.Builder
	parts  int
	opaque string
	names  []string
	cut    bool
}

func (c *collector) found() Found {
	return Found{Text: c.b.String(), Opaque: c.opaque, Names: c.names, Cut: c.cut}
}

// add takes one piece of text.
func (c *collector) add(s string) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd"))
	if s == "" {
		return
	}
	if c.b.Len() > 0 && c.room() > 1 {
		c.b.WriteByte('\n')
	}
	if room := c.room(); len(s) > room {
		s, c.cut = strings.ToValidUTF8(s[:room], ""), true
	}
	c.b.WriteString(s)
}

func (c *collector) room() int { return MaxText - c.b.Len() }

// hide notes what cannot be read.
func (c *collector) hide(kind string) {
	if c.opaque == "" {
		c.opaque = kind
	}
}
