package proxy

import (
	"hash/maphash"

	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Refusal is a response that a request gets instead of being forwarded. The
// zero value refuses nothing.
type Refusal struct {
	Status  int
	Reason  string
	Headers string // complete header lines
}

// Validate makes the checks of RFC 3261 §16.3 that the parser has not made.
func (p *Proxy) Validate(m *sip.Message) Refusal {
	switch m.URI().Scheme {
	case uri.SIP, uri.SIPS, uri.TEL, uri.URN:
	default:
		return Refusal{Status: 416}
	}
	if n, ok := m.MaxForwards(); ok && n == 0 {
		return Refusal{Status: 483} // §16.3 step 3
	}
	if m.Has(sip.HeaderProxyRequire) && m.Method() != sip.ACK && m.Method() != sip.CANCEL {
		if v := unsupported(m); v != "" {
			return Refusal{Status: 420, Headers: "Unsupported: " + v + "\r\n"} // §16.3 step 5
		}
	}
	if n, ok := maxBreadth(m); ok && n == 0 {
		return Refusal{Status: 440} // RFC 5393 §5.3.3
	}
	for vs := m.Values(sip.HeaderRoute); vs.Next(); {
		var a sip.Address
		var u uri.URI
		if a.Parse(vs.Text()) != nil || u.Parse(a.URI) != nil {
			return Refusal{Status: 400, Reason: "Bad Route"}
		}
	}
	if p.looped(m) {
		return Refusal{Status: 482}
	}
	return Refusal{}
}

// unsupported lists the Proxy-Require tags that we do not know: all of them.
func unsupported(m *sip.Message) string {
	var b []byte
	for vs := m.Values(sip.HeaderProxyRequire); vs.Next(); {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, vs.Text()...)
	}
	return string(b)
}

// looped finds a loop: a Via of ours whose check value is the one that we would
// write now (RFC 3261 §16.3 step 4, RFC 5393 §4.2). A spiral differs.
func (p *Proxy) looped(m *sip.Message) bool {
	loop, known := uint64(0), false
	for vs := m.Values(sip.HeaderVia); vs.Next(); {
		var v sip.Via
		if v.Parse(vs.Text()) != nil || !p.self.isVia(&v) {
			continue
		}
		wrote, ok := loopOf(v.Branch)
		if !ok {
			continue
		}
		if !known { // once: the Vias may be many, and forged
			loop, known = p.loopValue(m), true
		}
		if wrote == loop {
			return true
		}
	}
	return false
}

// loopOf reads the second part of a branch.
func loopOf(branch []byte) (uint64, bool) {
	at := len(branch) - 16
	if at < 1 || branch[at-1] != '.' {
		return 0, false
	}
	return txn.ParseHex(branch[at:])
}

// loopValue hashes what routing looks at: Request-URI, Route, Call-ID, CSeq
// number, From and To tags. The method stays out, so that CANCEL and ACK have
// the branch of their INVITE (§16.6 step 8).
func (p *Proxy) loopValue(m *sip.Message) uint64 {
	h := maphash.Bytes(p.seed, m.RequestURI())
	for vs := m.Values(sip.HeaderRoute); vs.Next(); {
		h = h*31 ^ maphash.Bytes(p.seed, vs.Text())
	}
	h = h*31 ^ maphash.Bytes(p.seed, m.CallID())
	h = h*31 ^ maphash.Bytes(p.seed, m.From().Tag)
	h = h*31 ^ maphash.Bytes(p.seed, m.To().Tag)
	return h*31 ^ uint64(m.CSeq())
}

// maxBreadth reads Max-Breadth (RFC 5393 §5.3.3).
func maxBreadth(m *sip.Message) (int, bool) {
	f, ok := m.First(sip.HeaderMaxBreadth)
	if !ok {
		return 0, false
	}
	n := 0
	for _, c := range m.Text(f.Value) {
		if c < '0' || c > '9' || n > 1<<20 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
