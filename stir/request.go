package stir

import (
	"bytes"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Request is what a verification needs to know of a SIP request. RequestOf fills it in; its slices are views of the
// message, which must stay as it is until the verification is done.
type Request struct {
	Method     sip.Method
	From       Party
	Asserted   [2]Party // P-Asserted-Identity; set only where From is anonymous and the sender of the request is trusted
	To         Party
	RequestURI Party     // whom the request has come to; who knows a number behind an address of his own may put it here
	Anonymous  bool      // From hides who calls
	BadFrom    bool      // From names nobody: a number that is none, or a scheme that is not of telephony
	Date       time.Time // zero: no Date, or none that can be read
	BadDate    bool      // there is a Date that cannot be read
	CallID     []byte
	Via        string   // who brings it, where that is somebody trusted to assert identities; empty: anybody. See Replay
	Identities [][]byte // the values of the Identity header fields
	Body       []byte

	ResourcePriority []byte // all values, comma-separated
	Priority         []byte

	Legacy *LegacyRequest // what RFC 4474 signs; nil where the Identity header field is not of its kind
}

// RequestOptions say how a message is read.
type RequestOptions struct {
	// Plan is the numbering plan of the trunk that the request came over: it makes national numbers canonical.
	Plan uri.Plan
	// TrustAsserted says that the sender of the request is trusted to assert identities (RFC 3325): where From is
	// anonymous, P-Asserted-Identity says who calls.
	TrustAsserted bool
}

// RequestOf reads a message that was parsed without error.
func RequestOf(m *sip.Message, o RequestOptions) Request {
	r := Request{Method: m.Method(), CallID: m.CallID(), Body: m.Body()}
	var buf [640]byte // longer addresses allocate
	c := canonicaliser{text: buf[:0]}
	c.add(m.FromURI(), o.Plan)
	c.add(m.ToURI(), o.Plan)
	if !bytes.Equal(m.RequestURI(), m.To().URI) {
		c.add(m.URI(), o.Plan)
	} else {
		c.again()
	}
	if r.Anonymous = isAnonymous(m); r.Anonymous && o.TrustAsserted {
		addAsserted(&c, m, o.Plan)
	}
	all := string(c.text)
	r.From, r.To, r.RequestURI = c.party(all, 0), c.party(all, 1), c.party(all, 2)
	for i := 3; i < c.n; i++ {
		r.Asserted[i-3] = c.party(all, i)
	}
	r.BadFrom = r.From.IsZero() || r.From.TN == "" && saysPhone(m.FromURI())
	if d := m.Value(sip.HeaderDate); d != nil {
		var ok bool
		r.Date, ok = ParseDate(d)
		r.BadDate = !ok
	}
	r.Identities = identities(m)
	r.ResourcePriority, r.Priority = joined(m, sip.HeaderResourcePriority), m.Value(sip.HeaderPriority)
	r.Legacy = legacyRequest(m)
	return r
}

// originator returns who calls by what the request says, for messages.
func (r *Request) originator() Party {
	if r.Anonymous && !r.Asserted[0].IsZero() {
		return r.Asserted[0]
	}
	return r.From
}

// identities cuts all Identity header fields into values. RFC 8224 §4: there may be several fields; a comma-separated list
// is the same (RFC 3261 §7.3.1). One more than are looked at are kept, to say that there are too many.
func identities(m *sip.Message) [][]byte {
	var out [][]byte
	fields := m.Fields()
	for i := range fields {
		if fields[i].ID != sip.HeaderIdentity {
			continue
		}
		before := len(out)
		if out = SplitList(out, m.Text(fields[i].Value), MaxIdentities+1-before); len(out) == before && before <= MaxIdentities {
			out = append(out, nil) // an empty field is malformed, which is not the same as none
		}
	}
	return out
}

// isAnonymous says whether From hides the caller. RFC 3323 §4.1.1.3, RFC 8224 §6.2 step 2: anonymous.invalid is the host;
// many write the user "anonymous", or "unavailable", in front of a host of their own.
func isAnonymous(m *sip.Message) bool {
	u := m.FromURI()
	user := u.UserBase()
	return equalFold(u.Host, "anonymous.invalid") || equalFold(user, "anonymous") || equalFold(user, "unavailable")
}

// saysPhone says whether an address claims to be a telephone's. RFC 3261 §19.1.1.
func saysPhone(u *uri.URI) bool {
	v, _ := u.Param("user")
	return u.Scheme != uri.TEL && equalFold(v, "phone")
}

func addAsserted(c *canonicaliser, m *sip.Message, plan uri.Plan) {
	for v := m.Values(sip.HeaderPAssertedIdentity); v.Next() && c.n < maxParties; {
		var a sip.Address
		var u uri.URI
		if a.Parse(v.Text()) == nil && u.Parse(a.URI) == nil {
			c.add(&u, plan)
		}
	}
}

// joined returns the values of a header as one list; it copies only where there are several fields.
func joined(m *sip.Message, id sip.HeaderID) []byte {
	if !m.Has(id) {
		return nil
	}
	var all []byte
	for _, f := range m.Fields() {
		switch {
		case f.ID != id:
		case all == nil:
			all = m.Text(f.Value)
		default:
			all = append(append(all[:len(all):len(all)], ','), m.Text(f.Value)...)
		}
	}
	return all
}
