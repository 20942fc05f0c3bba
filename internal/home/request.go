package home

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Bounds of what one binding may hold: it is a stranger's text until it expires.
const (
	maxContactLen   = 1024
	maxCallIDLen    = 512
	maxPathLen      = 2048
	maxInstanceLen  = 256
	maxUserAgentLen = 128
)

// request is a REGISTER, understood.
type request struct {
	aor       string
	callID    string
	cseq      uint32
	userAgent string
	path      []string
	source    Source
	wildcard  bool // Contact: *
	contacts  []wanted
}

// wanted is one Contact value of a request.
type wanted struct {
	text     string
	uri      uri.URI // of text
	expires  time.Duration
	q        int
	instance string
}

// fetch tells that the request only asks (RFC 3261 §10.2.3).
func (q *request) fetch() bool { return !q.wildcard && len(q.contacts) == 0 }

// read checks everything about a REGISTER that does not depend on the bindings there are.
func (r *Registrar) read(m *sip.Message, user string, now time.Time) (*request, *refusal) {
	// RFC 3261 §10.3 step 2: extensions first.
	if no := checkRequire(m); no != nil {
		return nil, no
	}
	// Steps 4 and 5: To is an address of record of ours; users may register themselves only.
	aor, ok := r.cfg.Domain.AoR(m.ToURI())
	if !ok {
		return nil, refuse(404, "")
	}
	if aor != user {
		return nil, refuse(403, "Not Your Address")
	}
	if len(m.CallID()) > maxCallIDLen {
		return nil, refuse(400, "Call-ID Too Long")
	}
	q := &request{aor: aor, callID: string(m.CallID()), cseq: m.CSeq()}
	if f, ok := m.First(sip.HeaderUserAgent); ok {
		q.userAgent = printable(m.Text(f.Value), maxUserAgentLen)
	}
	var no *refusal
	if q.path, no = r.readPath(m); no != nil {
		return nil, no
	}
	return q, r.readContacts(m, q)
}

// checkRequire answers 420 to extensions that this registrar lacks (RFC 3261 §8.2.2.3).
func checkRequire(m *sip.Message) *refusal {
	var unsupported []byte
	v := m.Values(sip.HeaderRequire)
	for v.Next() {
		if tag := v.Text(); !bytes.EqualFold(tag, []byte("path")) {
			unsupported = append(unsupported, "Unsupported: "...)
			unsupported = append(unsupported, printable(tag, 64)...)
			unsupported = append(unsupported, "\r\n"...)
		}
	}
	if v.Err() != nil {
		return refuse(400, "Bad Require")
	}
	if unsupported != nil {
		return &refusal{status: 420, headers: unsupported}
	}
	return nil
}

// readPath takes the Path of the proxies between the phone and us. RFC 3327 §5.3: where the phone does not
// say that it supports Path, nobody told it that proxies have put themselves in its way, so the request is
// refused with 420.
func (r *Registrar) readPath(m *sip.Message) ([]string, *refusal) {
	if !m.Has(sip.HeaderPath) {
		return nil, nil
	}
	if !supports(m, "path") {
		return nil, &refusal{status: 420, headers: []byte("Unsupported: path\r\n")}
	}
	var path []string
	total := 0
	v := m.Values(sip.HeaderPath)
	for v.Next() {
		var a sip.Address
		var u uri.URI
		if a.Parse(v.Text()) != nil || !a.Bracketed || u.Parse(a.URI) != nil || u.Scheme != uri.SIP && u.Scheme != uri.SIPS {
			return nil, refuse(400, "Bad Path")
		}
		if r.own(&u) {
			return nil, refuse(403, "Path Leads Back Here")
		}
		text := printable(v.Text(), maxPathLen+1)
		if total += len(text); total > maxPathLen {
			return nil, refuse(400, "Path Too Long")
		}
		path = append(path, text)
	}
	if v.Err() != nil {
		return nil, refuse(400, "Bad Path")
	}
	return path, nil
}

// readContacts takes the Contact values with their times (RFC 3261 §10.3 steps 6 and 7).
func (r *Registrar) readContacts(m *sip.Message, q *request) *refusal {
	header, hasHeader := r.cfg.DefaultExpires, false
	if f, ok := m.First(sip.HeaderExpires); ok {
		header, hasHeader = duration(m.Text(f.Value)), true
	}
	values := 0
	v := m.Values(sip.HeaderContact)
	for v.Next() {
		values++
		if string(v.Text()) == "*" {
			q.wildcard = true
			continue
		}
		if len(q.contacts) > r.cfg.MaxContacts*2 {
			return refuse(403, "Too Many Contacts")
		}
		w, no := r.readContact(v.Text(), header)
		if no != nil {
			return no
		}
		for i := range q.contacts {
			if uri.Equal(&q.contacts[i].uri, &w.uri) {
				return refuse(400, "Contact Stands Twice")
			}
		}
		q.contacts = append(q.contacts, w)
	}
	if v.Err() != nil {
		return refuse(400, "Bad Contact")
	}
	if q.wildcard && (values > 1 || !hasHeader || header != 0) {
		return refuse(400, "Contact * Wants Expires 0 and Stands Alone")
	}
	return nil
}

// readContact takes one Contact value.
func (r *Registrar) readContact(b []byte, expires time.Duration) (wanted, *refusal) {
	var a sip.Address
	w := wanted{q: -1, expires: expires}
	if a.Parse(b) != nil || len(a.URI) == 0 || len(a.URI) > maxContactLen {
		return w, refuse(400, "Bad Contact")
	}
	w.text = string(a.URI)
	if w.uri.Parse([]byte(w.text)) != nil {
		return w, refuse(400, "Bad Contact")
	}
	// Only what speaks SIP can be called; a tel: contact would be a way to dial out at our cost.
	if w.uri.Scheme != uri.SIP && w.uri.Scheme != uri.SIPS {
		return w, refuse(403, "Contact Scheme Not Accepted")
	}
	if p, ok := a.Param("expires"); ok {
		w.expires = duration(p)
	}
	if w.expires > 0 {
		if r.own(&w.uri) {
			return w, refuse(403, "Contact Leads Back Here")
		}
		// RFC 3261 §10.3 step 7: 423 for less than the minimum, which is at most an hour.
		if w.expires < r.cfg.MinExpires {
			return w, &refusal{status: 423, headers: appendSeconds([]byte("Min-Expires: "), r.cfg.MinExpires)}
		}
		w.expires = min(w.expires, r.cfg.MaxExpires)
	}
	if p, ok := a.Param("q"); ok {
		if w.q, ok = qvalue(p); !ok {
			return w, refuse(400, "Bad q")
		}
	}
	if p, ok := a.Param("+sip.instance"); ok {
		if w.instance, ok = instance(p); !ok {
			return w, refuse(400, "Bad Instance")
		}
	}
	return w, nil
}

// own tells whether a URI leads back here, by its host or by maddr, which stands above the host.
func (r *Registrar) own(u *uri.URI) bool {
	if r.cfg.IsOwn(u.Host, u.Port) {
		return true
	}
	maddr, ok := u.Param("maddr")
	return ok && r.cfg.IsOwn(maddr, u.Port)
}

// supports tells whether an option tag stands in Supported.
func supports(m *sip.Message, tag string) bool {
	v := m.Values(sip.HeaderSupported)
	for v.Next() {
		if bytes.EqualFold(v.Text(), []byte(tag)) {
			return true
		}
	}
	return false
}

// duration reads delta-seconds. RFC 3261 §10.2.1.1, §20.19: what is malformed counts as 3600; what is too
// large for 32 bits is as large as they go.
func duration(b []byte) time.Duration {
	n, err := strconv.ParseUint(string(b), 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		n = 3600
	}
	return time.Duration(n) * time.Second
}

// qvalue reads a qvalue (RFC 3261 §25.1) in thousandths.
func qvalue(b []byte) (int, bool) {
	whole, fraction, _ := strings.Cut(string(b), ".")
	if whole != "0" && whole != "1" || len(fraction) > 3 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+fraction+"000"[len(fraction):], 10, 16)
	return int(n), err == nil && n <= 1000
}

// instance takes the quotes off a +sip.instance; its angle brackets belong to it (RFC 5626 §4.1).
func instance(b []byte) (string, bool) {
	s := strings.TrimSuffix(strings.TrimPrefix(string(b), `"`), `"`)
	if len(s) < 3 || len(s) > maxInstanceLen || s[0] != '<' || s[len(s)-1] != '>' || strings.ContainsAny(s, "\"\\\r\n") {
		return "", false
	}
	return s, true
}

// printable copies a header value onto one line: folding and control characters become single spaces.
func printable(b []byte, limit int) string {
	out := make([]byte, 0, min(len(b), limit))
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		if c == ' ' && len(out) > 0 && out[len(out)-1] == ' ' {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, c)
	}
	return string(out)
}
