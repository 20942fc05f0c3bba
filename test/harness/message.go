package harness

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
)

// Message is a SIP message as text.
type Message struct {
	Text string
	// From is where it came from.
	From netip.AddrPort
	// send answers on the way that it came.
	send func(string)
}

// StartLine is the first line.
func (m Message) StartLine() string {
	line, _, _ := strings.Cut(m.Text, "\r\n")
	return line
}

// Status is the code of a response, 0 of a request.
func (m Message) Status() int {
	rest, ok := strings.CutPrefix(m.StartLine(), "SIP/2.0 ")
	if !ok {
		return 0
	}
	code, _, _ := strings.Cut(rest, " ")
	n, _ := strconv.Atoi(code)
	return n
}

// Reason is the phrase of a response.
func (m Message) Reason() string {
	f := strings.SplitN(m.StartLine(), " ", 3)
	if len(f) < 3 {
		return ""
	}
	return f[2]
}

// Method is a request's method, or that which a response is for.
func (m Message) Method() string {
	if m.Status() != 0 {
		_, method, _ := strings.Cut(strings.TrimSpace(m.Get("CSeq")), " ")
		return strings.TrimSpace(method)
	}
	method, _, _ := strings.Cut(m.StartLine(), " ")
	return method
}

// RequestURI is the Request-URI of a request.
func (m Message) RequestURI() string {
	f := strings.Split(m.StartLine(), " ")
	if len(f) < 2 {
		return ""
	}
	return f[1]
}

// Head is the message without its body, Body is what follows.
func (m Message) Head() string { head, _, _ := strings.Cut(m.Text, "\r\n\r\n"); return head }

// Body is what follows the header.
func (m Message) Body() string { _, body, _ := strings.Cut(m.Text, "\r\n\r\n"); return body }

func long(name string) string {
	switch name = strings.ToLower(strings.TrimSpace(name)); name {
	case "v":
		return "via"
	case "f":
		return "from"
	case "t":
		return "to"
	case "i":
		return "call-id"
	case "m":
		return "contact"
	case "l":
		return "content-length"
	case "c":
		return "content-type"
	}
	return name
}

// All are the values of a header field, one for each line, unfolded.
func (m Message) All(name string) []string {
	head := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(m.Head())
	var out []string
	for _, line := range strings.Split(head, "\r\n")[1:] {
		n, v, ok := strings.Cut(line, ":")
		if ok && long(n) == long(name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

// Get is the first value of a header field, "" where there is none.
func (m Message) Get(name string) string {
	if all := m.All(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Param is a parameter of a header value, behind the address if it has one.
func Param(value, name string) string {
	if i := strings.LastIndex(value, ">"); i >= 0 {
		value = value[i:]
	}
	for _, p := range strings.Split(value, ";")[1:] {
		n, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// InBrackets is the URI of a name-addr.
func InBrackets(value string) string {
	_, rest, ok := strings.Cut(value, "<")
	if !ok {
		u, _, _ := strings.Cut(value, ";")
		return strings.TrimSpace(u)
	}
	u, _, _ := strings.Cut(rest, ">")
	return u
}

// Answer writes a response to a request; more are complete header lines.
func (m Message) Answer(status int, reason string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reason)
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		for _, v := range m.All(name) {
			if name == "To" && status > 100 && Param(v, "tag") == "" {
				v += ";tag=callee"
			}
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// Reply sends an answer back on the way that the request came.
func (m Message) Reply(status int, reason string, more ...string) {
	m.send(m.Answer(status, reason, more...))
}

// Send sends any text back on the way that the message came.
func (m Message) Send(text string) { m.send(text) }

// Token is a random word.
func Token() string { return strconv.FormatUint(rand.Uint64(), 36) }

// WithBody puts a body into a message that has none.
func WithBody(text, contentType, body string) string {
	head := strings.TrimSuffix(text, "Content-Length: 0\r\n\r\n")
	return fmt.Sprintf("%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", head, contentType, len(body), body)
}

// With puts further header lines into a message.
func With(text string, lines ...string) string {
	return strings.Replace(text, "\r\nContent-Length:", "\r\n"+strings.Join(append(lines, "Content-Length:"), "\r\n"), 1)
}

// SDP is a body for calls.
const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0 8 9 18 96 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n" +
	"a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n" +
	"a=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\na=rtcp:49171\r\n"
