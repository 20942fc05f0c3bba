package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/replay/pcap"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// maxAttempts bounds what is kept of one capture, some 1 KB each.
const maxAttempts = 1 << 20

// errTooLarge says how to go on.
var errTooLarge = fmt.Errorf("the capture holds more than %d attempts; cut it (editcap -i 3600) and replay the parts", maxAttempts)

// capture makes events of the SIP messages of a capture: one for each request outside of a dialog, with an outcome made of
// the responses and of the BYE. Retransmissions, the second try with credentials and the other legs of a call are no new attempts. RFC 3261 §8.1.
type capture struct {
	site    Site
	own     map[string]bool
	streams streams
	calls   map[string]*call // by Call-ID, tag of From and method
	order   []*call
	message sip.Message
	full    bool
	unread  int // packets
}

// call is an attempt under way.
type call struct {
	event    screen.Event
	answered time.Time
	ended    bool
	tries    uint32 // the CSeq of the last request that bore credentials
	accepted bool   // they were not refused
}

func newCapture(site Site) *capture {
	c := &capture{site: site, own: make(map[string]bool), calls: make(map[string]*call)}
	for _, d := range site.Domains {
		c.own[strings.ToLower(d)] = true
	}
	return c
}

// read takes the messages of all packets.
func (c *capture) read(in io.Reader) error {
	r, err := pcap.NewReader(in)
	if err != nil {
		return err
	}
	var p pcap.Packet
	for {
		switch err := r.Next(&p); {
		case errors.Is(err, io.EOF):
			c.unread = r.Skipped()
			return nil
		case err != nil:
			return err
		}
		if p.TCP {
			c.streams.add(&p, func(octets []byte, over string) { c.take(octets, over, &p) })
		} else {
			c.take(p.Payload, "udp", &p)
		}
		if c.full {
			return errTooLarge
		}
	}
}

// take reads one message, and over which transport it came. What is no SIP is passed over.
func (c *capture) take(octets []byte, over string, p *pcap.Packet) {
	m := &c.message
	if len(octets) < 16 || m.Parse(octets) != nil || len(m.CallID()) == 0 {
		return
	}
	switch {
	case !m.IsRequest():
		c.response(m, p.Time)
	case m.Method() == sip.ACK || m.Method() == sip.PRACK:
	case m.Method() == sip.BYE || m.Method() == sip.CANCEL:
		c.over(m, p.Time)
	case len(m.To().Tag) == 0:
		c.begin(m, over, p)
	}
}

func key(callID, tag []byte, method []byte) string {
	return string(callID) + "\x00" + string(tag) + "\x00" + string(method)
}

// begin makes an event of a request, unless it is known.
func (c *capture) begin(m *sip.Message, over string, p *pcap.Packet) {
	k := key(m.CallID(), m.From().Tag, m.MethodName())
	tries := uint32(0)
	if m.Has(sip.HeaderAuthorization) || m.Has(sip.HeaderProxyAuthorization) {
		tries = m.CSeq()
	}
	if n := c.calls[k]; n != nil && (tries == n.tries || !n.event.Outcome.Refused) {
		n.tries = max(n.tries, tries)
		return
	}
	if len(c.order) >= maxAttempts {
		c.full = true
		return
	}
	n := &call{tries: tries, event: screen.Event{
		ID: "packet-" + strconv.Itoa(len(c.order)+1), Time: p.Time, Kind: kindOf(m.Method()),
		From: string(m.From().URI), Display: string(m.From().AppendDisplay(nil)), To: string(m.RequestURI()),
		Source: p.Source.String(), Transport: over, UserAgent: string(m.Value(sip.HeaderUserAgent)),
		Signature: new(verdict.Signature), // nobody has looked
	}}
	if n.event.Kind == verdict.Registration {
		n.event.To = string(m.To().URI) // the Request-URI names the registrar
	}
	if c.own[host(m.FromURI().Host)] && !c.own[host(m.URI().Host)] && n.event.Kind != verdict.Registration {
		n.event.Direction = "out"
	}
	found := text.Of(m)
	n.event.Text, n.event.Names, n.event.Opaque = found.Text, found.Names, found.Opaque
	if c.site.Prove != nil {
		n.event.Identity, n.event.Proof = c.site.Prove(m, p.Source.Addr())
	}
	if _, err := n.event.Attempt(c.site.Plan); err != nil {
		return // an address that no check could read
	}
	c.calls[k] = n
	c.order = append(c.order, n)
}

func host(b []byte) string { return string(bytes.ToLower(bytes.TrimSuffix(b, []byte(".")))) }

// kindOf tells what a request attempts.
func kindOf(m sip.Method) verdict.Kind {
	switch m {
	case sip.INVITE:
		return verdict.Call
	case sip.MESSAGE:
		return verdict.Message
	case sip.SUBSCRIBE:
		return verdict.Subscription
	case sip.REGISTER:
		return verdict.Registration
	case sip.PUBLISH:
		return verdict.Publication
	}
	return verdict.Other
}

// unwanted is how a callee says that he never wants this caller again. RFC 8197 §3.
const unwanted = 607

// response notes how an attempt was answered. The first final answer that is no challenge is the callee's: the further ones are
// the same on other legs.
func (c *capture) response(m *sip.Message, now time.Time) {
	n := c.calls[key(m.CallID(), m.From().Tag, m.MethodName())]
	status := m.Status()
	if n == nil || n.ended || status <= 100 {
		return
	}
	tried := n.tries != 0 && n.tries == m.CSeq()
	n.accepted = n.accepted || tried && status != 401 && status != 403 && status != 407
	if status < 200 {
		return
	}
	o := &n.event.Outcome
	o.Refused = tried && (status == 403 || (status == 401 || status == 407) && !stale(m))
	if status == 401 || status == 407 {
		return // a challenge, or a wrong password: the next try tells how it ends
	}
	o.RingS, o.Status, n.ended = now.Sub(n.event.Time).Seconds(), status, true
	if status < 300 {
		o.Answered, n.answered = true, now
	}
	if status == unwanted {
		o.Feedback = "spam"
	}
}

// stale tells whether a challenge finds fault with the nonce alone, and not with the password. RFC 7616 §3.3.
func stale(m *sip.Message) bool {
	for _, h := range []sip.HeaderID{sip.HeaderWWWAuthenticate, sip.HeaderProxyAuthenticate} {
		if bytes.Contains(bytes.ToLower(m.Value(h)), []byte("stale=true")) {
			return true
		}
	}
	return false
}

// over notes that a call was cancelled or hung up, by whichever side: the tags of a BYE of the callee stand the other way round.
func (c *capture) over(m *sip.Message, now time.Time) {
	n := c.calls[key(m.CallID(), m.From().Tag, []byte("INVITE"))]
	if n == nil {
		n = c.calls[key(m.CallID(), m.To().Tag, []byte("INVITE"))]
	}
	if n == nil {
		return
	}
	o := &n.event.Outcome
	switch {
	case m.Method() == sip.CANCEL && !n.ended:
		o.RingS, o.Status, n.ended = now.Sub(n.event.Time).Seconds(), cancelled, true
	case m.Method() == sip.BYE && o.Answered && o.DurationS == 0:
		o.DurationS = now.Sub(n.answered).Seconds()
		if bytes.Contains(m.Value(sip.HeaderReason), []byte("cause=607")) {
			o.Feedback = "spam"
		}
	}
}

// ours tells whether an address is of one of our domains.
func (c *capture) ours(address string) bool {
	u, err := uri.Parse([]byte(address))
	return err == nil && c.own[host(u.Host)]
}

// events are the attempts in the order of time. Only what a call does not say by itself keeps its status.
func (c *capture) events() Events {
	g := &given{unread: c.unread}
	for _, n := range c.order {
		if o := &n.event.Outcome; n.event.Kind == verdict.Call && (o.Status == cancelled || o.Answered) {
			o.Status = 0
		}
		if n.accepted && n.event.Proof == verdict.None && c.ours(n.event.From) {
			n.event.Proof = verdict.Digest
		}
		g.all = append(g.all, &n.event)
	}
	slices.SortStableFunc(g.all, func(a, b *screen.Event) int { return a.Time.Compare(b.Time) })
	c.calls, c.order = nil, nil
	return g
}
