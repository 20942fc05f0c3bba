package text

import (
	"bytes"
	"strings"
)

// part is a body, or a part of one.
type part struct {
	kind, transfer, packing, disposition string
	data                                 []byte
}

// body takes the text of a part and of what is in it.
func (c *collector) body(p part, depth int) {
	if c.room() <= 1 {
		c.cut = true
		return
	}
	kind, params, _ := strings.Cut(p.kind, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if depth > MaxDepth || c.parts >= MaxParts {
		c.cut = true
		c.hide(clip(kind) + "; nested too deep") // where nobody looks something may be
		return
	}
	c.parts++
	if kind == "" {
		kind = "text/plain" // RFC 5621 §3.1 has no default; what comes without a type is shown as text
	}
	if packed := strings.ToLower(strings.TrimSpace(p.packing)); packed != "" && packed != "identity" {
		c.hide(kind + "; " + clip(packed))
		return
	}
	data := decodeTransfer(p.transfer, p.data, MaxText*4)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		c.multipart(kind, params, data, depth)
	case kind == "message/cpim":
		c.wrapped(data, depth, true)
	case kind == "message/rfc822", kind == "message/sip", kind == "message/external-body":
		c.wrapped(data, depth, false)
	case kind == "text/html", kind == "application/xhtml+xml":
		c.add(stripHTML(decodeCharset(param(params, "charset"), c.limit(data))))
	case kind == "text/calendar", kind == "text/vcard", kind == "text/x-vcard", strings.HasPrefix(kind, "text/"):
		c.plain(kind, decodeCharset(param(params, "charset"), c.limit(data)))
	case kind == "application/sdp":
		c.sdp(data)
	case kind == "application/im-iscomposing+xml", kind == "message/imdn+xml":
		// Protocol, with nothing in it for a human.
	case (kind == "application/vcard+json" || kind == "application/json") && c.card(string(data)):
	case strings.HasSuffix(kind, "+xml"), strings.HasSuffix(kind, "/xml"):
		c.add(stripHTML(decodeCharset(param(params, "charset"), c.limit(data))))
	case signature(kind), media(kind), strings.EqualFold(firstWord(p.disposition), "signal"):
	default:
		c.hide(clip(kind))
	}
}

// ciphers are the beginnings of texts that are encrypted and go as plain text: OpenPGP's armour (RFC 4880 §6.2), and OTR's messages and fragments of them.
var ciphers = [...]string{"-----BEGIN PGP MESSAGE", "?OTR:", "?OTR,", "?OTR|"}

// plain takes a text, unless it is one that nobody can read.
func (c *collector) plain(kind, s string) {
	s = strings.TrimSpace(s)
	for _, begin := range ciphers {
		if strings.HasPrefix(s, begin) {
			c.hide(clip(kind) + "; encrypted")
			return
		}
	}
	c.add(s)
}

// limit spares decoding what add would cut. UTF-32 needs four octets a character.
func (c *collector) limit(data []byte) []byte {
	if most := 4 * c.room(); len(data) > most {
		c.cut = true
		return data[:most]
	}
	return data
}

// signature knows the parts that sign the others; they hide nothing.
func signature(kind string) bool {
	switch kind {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature":
		return true
	}
	return false
}

// media knows what belongs to the call and is shown to nobody.
func media(kind string) bool {
	switch kind {
	case "application/isup", "application/qsig", "application/dtmf-relay", "application/dtmf", "application/rs-metadata+xml", "message/sipfrag",
		"application/vnd.3gpp.sms", "application/simple-message-summary":
		return true
	}
	return false
}

// multipart takes the parts of a multipart. Of multipart/alternative all are taken: what one reader shows, another does not.
func (c *collector) multipart(kind, params string, data []byte, depth int) {
	if kind == "multipart/encrypted" {
		c.hide(kind)
		return
	}
	boundary := param(params, "boundary")
	if boundary == "" || len(boundary) > 200 {
		c.hide(kind)
		return
	}
	marker := []byte("--" + boundary)
	inside := false
	for len(data) > 0 {
		at := nextMarker(data, marker)
		if at < 0 {
			at = len(data)
		}
		if inside {
			c.entity(trimNewline(data[:at]), depth+1)
		}
		if at == len(data) {
			return
		}
		data = data[at+len(marker):]
		if bytes.HasPrefix(data, []byte("--")) {
			return
		}
		if c.parts >= MaxParts {
			c.cut = true
			c.hide(kind + "; too many parts")
			return
		}
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return
		}
		data, inside = data[end+1:], true
	}
}

// nextMarker finds the marker at the beginning of a line.
func nextMarker(data, marker []byte) int {
	for from := 0; from < len(data); {
		i := bytes.Index(data[from:], marker)
		if i < 0 {
			return -1
		}
		if i += from; i == 0 || data[i-1] == '\n' {
			return i
		}
		from = i + len(marker)
	}
	return -1
}

func trimNewline(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// entity takes a MIME entity: headers, an empty line, a body.
func (c *collector) entity(data []byte, depth int) {
	var p part
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		data = rest
		if len(line) == 0 {
			break
		}
		for len(data) > 0 && (data[0] == ' ' || data[0] == '\t') { // folded
			more, rest, _ := bytes.Cut(data, []byte("\n"))
			if len(line) > 4096 {
				c.cut = true
			} else {
				line = append(line[:len(line):len(line)], bytes.TrimSuffix(more, []byte("\r"))...)
			}
			data = rest
		}
		c.field(&p, line)
	}
	p.data = data
	c.body(p, depth)
}

// field reads one header of an entity.
func (c *collector) field(p *part, line []byte) {
	name, value, ok := strings.Cut(string(line), ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "content-type", "c":
		p.kind = value
	case "content-transfer-encoding":
		p.transfer = value
	case "content-encoding", "e":
		p.packing = value
	case "content-disposition":
		p.disposition = value
	case "subject", "s", "organization", "content-description":
		c.add(decodeWords(value))
	}
}

// wrapped takes a message within the message. RFC 3862 §2: CPIM has its own headers, an empty line, and then the headers of the content.
func (c *collector) wrapped(data []byte, depth int, cpim bool) {
	if !cpim {
		c.entity(data, depth+1)
		return
	}
	head, content, ok := cutEmptyLine(data)
	if !ok {
		c.entity(data, depth+1)
		return
	}
	for line := range bytes.Lines(head) {
		name, value, ok := strings.Cut(string(bytes.TrimSpace(line)), ":")
		if !ok {
			continue
		}
		switch strings.ToLower(name) {
		case "subject":
			_, plain, isLang := strings.Cut(value, " ")
			if !isLang || !strings.HasPrefix(value, ";lang=") {
				plain = value
			}
			c.add(plain)
		case "from": // the name that is shown; the address can lie and is compared elsewhere
			name, _, _ := strings.Cut(value, "<")
			c.add(strings.Trim(name, " \""))
		}
	}
	c.entity(content, depth+1)
}

func cutEmptyLine(data []byte) (head, rest []byte, ok bool) {
	i := bytes.Index(data, []byte("\n\r\n"))
	j := bytes.Index(data, []byte("\n\n"))
	switch {
	case i >= 0 && (j < 0 || i < j):
		return data[:i], data[i+3:], true
	case j >= 0:
		return data[:j], data[j+2:], true
	}
	return nil, nil, false
}

// sdp takes the lines of a session description that are meant for people. RFC 8866 §5.3, §5.4, §5.5: a name, information, and a link.
func (c *collector) sdp(data []byte) {
	for line := range bytes.Lines(data) {
		if len(line) < 3 || line[1] != '=' || line[0] != 's' && line[0] != 'i' && line[0] != 'u' {
			continue
		}
		if value := bytes.TrimSpace(line[2:]); line[0] != 's' || !plainSession(value) {
			c.add(string(value))
		}
	}
}

// plainSessions are the session names that programs write because one must be there.
const plainSessions = "|-|session|sip call|call|voip call|sip media session|talk|phone-call|streaming session|asterisk|freeswitch|pjmedia|"

// plainSession says whether a session's name is one of those. Nearly every call has one, so it allocates nothing.
func plainSession(name []byte) bool {
	var buf [32]byte
	if len(name) == 0 || len(name) > len(buf)-2 {
		return len(name) == 0
	}
	key := append(buf[:0], '|')
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		key = append(key, c)
	}
	return bytes.IndexByte(name, '|') < 0 && strings.Contains(plainSessions, string(append(key, '|')))
}
