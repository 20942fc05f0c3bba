package harness

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// URI is the endpoint's own address for a user.
func (e *Endpoint) URI(user string) string {
	u := "sip:" + user + "@" + e.Addr.String()
	if e.Transport != "UDP" {
		u += ";transport=" + strings.ToLower(e.Transport)
	}
	return u
}

// Via is a Via value with a new branch.
func (e *Endpoint) Via() string {
	return fmt.Sprintf("SIP/2.0/%s %s;branch=z9hG4bK%s;rport", e.Transport, e.Addr, Token())
}

// Request writes a request outside a dialog. A line replaces the default of
// the same name, or is added; one with an empty value takes the default out.
func (e *Endpoint) Request(method, uri string, lines ...string) string {
	defaults := []string{
		"Via: " + e.Via(),
		"Max-Forwards: 70",
		"From: \"Caller\" <sip:caller@elsewhere.test>;tag=" + Token(),
		"To: <" + uri + ">",
		"Call-ID: " + Token(),
		"CSeq: 1 " + method,
		"Contact: <" + e.URI("caller") + ">",
	}
	if method == "MESSAGE" || method == "OPTIONS" {
		defaults = defaults[:len(defaults)-1]
	}
	set := map[string]bool{}
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		set[long(name)] = true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, uri)
	for _, l := range defaults {
		if name, _, _ := strings.Cut(l, ":"); !set[long(name)] {
			b.WriteString(l + "\r\n")
		}
	}
	for _, l := range lines {
		if _, value, ok := strings.Cut(l, ":"); !ok || strings.TrimSpace(value) != "" {
			b.WriteString(l + "\r\n")
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// Invite is a Request for a call, with SDP.
func (e *Endpoint) Invite(uri string, lines ...string) string {
	return WithBody(e.Request("INVITE", uri, lines...), "application/sdp", SDP)
}

// Ask sends a request, over UDP again and again, and waits for the final response. To an INVITE's failure
// the ACK is sent.
func (e *Endpoint) Ask(t testing.TB, request string) Message {
	t.Helper()
	e.Send(request)
	e.retransmit(request)
	m := e.ExpectFinal(t, request)
	if m.Method() == "INVITE" && m.Status() >= 300 {
		e.Send(AckFailure(request, m))
	}
	return m
}

// retransmit sends a request over UDP again until something comes back for it, or nothing
// is to be expected any more (RFC 3261 §17.1.1.2 and §17.1.2.2).
func (e *Endpoint) retransmit(request string) {
	if e.Transport != "UDP" {
		return
	}
	const t1, t2, most = 500 * time.Millisecond, 4 * time.Second, 64 * 500 * time.Millisecond
	sent := Message{Text: request}
	for wait, waited := t1, time.Duration(0); waited < most; wait = min(2*wait, t2) {
		if e.holds(wait, func(m Message) bool {
			return m.Status() > 0 && m.Get("Call-ID") == sent.Get("Call-ID") && m.Get("CSeq") == sent.Get("CSeq")
		}) {
			return
		}
		waited += wait
		e.Send(request)
	}
}

// AckFailure is the ACK of a failed INVITE (RFC 3261 §17.1.1.3).
func AckFailure(invite string, failure Message) string { return again(invite, failure, "ACK") }

// Cancel is the CANCEL of an INVITE (RFC 3261 §9.1).
func Cancel(invite string) string { return again(invite, Message{Text: invite}, "CANCEL") }

func again(invite string, to Message, method string) string {
	m := Message{Text: invite}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, m.RequestURI())
	fmt.Fprintf(&b, "Via: %s\r\n", m.Get("Via"))
	for _, r := range m.All("Route") {
		fmt.Fprintf(&b, "Route: %s\r\n", r)
	}
	cseq, _, _ := strings.Cut(m.Get("CSeq"), " ")
	fmt.Fprintf(&b, "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s %s\r\nContent-Length: 0\r\n\r\n",
		m.Get("From"), to.Get("To"), m.Get("Call-ID"), cseq, method)
	return b.String()
}

// Dialog is what an endpoint knows of a call that is up.
type Dialog struct {
	e                             *Endpoint
	target, local, remote, callID string
	routes                        []string
	cseq                          int
}

func list(values []string) []string {
	var out []string
	for _, v := range values {
		for _, one := range strings.Split(v, ",") {
			out = append(out, strings.TrimSpace(one))
		}
	}
	return out
}

// CallerDialog is the caller's side after its 2xx (RFC 3261 §12.1.2): the route
// set is the Record-Route in reverse order.
func (e *Endpoint) CallerDialog(ok Message) *Dialog {
	d := &Dialog{e: e, target: InBrackets(ok.Get("Contact")), local: ok.Get("From"), remote: ok.Get("To"), callID: ok.Get("Call-ID"), cseq: 1}
	for _, r := range list(ok.All("Record-Route")) {
		d.routes = append([]string{r}, d.routes...)
	}
	return d
}

// CalleeDialog is the callee's side after it sent the answer to an INVITE.
func (e *Endpoint) CalleeDialog(invite Message, answer string) *Dialog {
	a := Message{Text: answer}
	return &Dialog{
		e: e, target: InBrackets(invite.Get("Contact")), local: a.Get("To"), remote: a.Get("From"), callID: a.Get("Call-ID"),
		routes: list(invite.All("Record-Route")), cseq: 100,
	}
}

// Request writes a request inside the dialog. An ACK has the number of the
// INVITE, all else a new one.
func (d *Dialog) Request(method string, lines ...string) string {
	if method != "ACK" {
		d.cseq++
	}
	all := []string{
		"From: " + d.local, "To: " + d.remote, "Call-ID: " + d.callID, fmt.Sprintf("CSeq: %d %s", d.cseq, method),
	}
	for _, r := range d.routes {
		all = append(all, "Route: "+r)
	}
	return d.e.Request(method, d.target, append(all, lines...)...)
}

// Routes is the dialog's route set, the first hop first.
func (d *Dialog) Routes() []string { return d.routes }

// Target is the other side's Contact.
func (d *Dialog) Target() string { return d.target }

// Answering makes the endpoint a callee that answers every call with 180 and
// 200, and everything else with 200. An INVITE's 200 is not retransmitted.
func (e *Endpoint) Answering() *Endpoint {
	return e.Handle(func(m Message) {
		if m.Status() != 0 {
			return
		}
		switch m.Method() {
		case "ACK":
		case "INVITE":
			m.Reply(180, "Ringing", "Contact: <"+e.URI("callee")+">")
			m.send(WithBody(m.Answer(200, "OK", "Contact: <"+e.URI("callee")+">"), "application/sdp", SDP))
		default:
			m.Reply(200, "OK", "Contact: <"+e.URI("callee")+">")
		}
	})
}
