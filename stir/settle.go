package stir

import (
	"bytes"
	"slices"
	"time"

	"gatehouse.example/stir/passport"
)

// settle makes the result of what the header fields came to.
func (c *check) settle() Result {
	good := c.sound()
	res := Result{Each: c.each}
	best := -1
	for i := range c.each {
		h := &c.each[i]
		switch {
		case h.ok() && h.role == ranks:
			c.rank(h, &res)
		case h.ok() && h.role == aboutCall && (h.alone || good&(1<<i) != 0):
			h.Outcome = Valid
			if best < 0 || better(h, &c.each[best]) {
				best = i
			}
		case h.ok() && h.role == diverts && good&(1<<i) != 0:
			h.Outcome = Valid
		case h.ok() && h.role == diverts:
			h.fail(DivUnlinked, nil) // the chain broke elsewhere
		case h.ok():
			h.fail(h.without, nil)
		}
		if h.Outcome != Valid && h.Outcome != Missing {
			h.PPI = ppi(h.header.token)
		}
		h.header = header{} // views of the message, which does not outlive the verification
	}
	if best < 0 {
		return c.worst(res)
	}
	c.describe(&res, &c.each[best])
	c.diversions(&res, good)
	c.show(&res)
	return res
}

// sound returns the fields of all chains whose tokens were all authenticated.
func (c *check) sound() (good uint16) {
	if c.outer == 0 {
		return 0
	}
	var authentic uint16
	for i := range min(len(c.each), MaxIdentities) {
		if c.each[i].ok() {
			authentic |= 1 << i
		}
	}
	for i := range indices(c.outer & authentic) {
		good |= c.chain(i, authentic)
	}
	return good
}

// better prefers attestation A to B to C to none, then the more precise authority.
func better(a, b *HeaderResult) bool {
	if x, y := attestation(a), attestation(b); x != y {
		return x != 0 && (y == 0 || x < y)
	}
	return a.Coverage > b.Coverage
}

func attestation(h *HeaderResult) byte {
	if t := h.Token; t.Header.PPT == passport.Shaken && t.Claims.Attest != "" {
		return t.Claims.Attest[0]
	}
	return 0
}

// worst takes the outcome of the field whose failure comes first in the order of precedence.
func (c *check) worst(res Result) Result {
	var h *HeaderResult
	for i := range res.Each {
		if o := &res.Each[i]; h == nil || o.Outcome.rank() < h.Outcome.rank() {
			h = o
		}
	}
	res.Outcome, res.Reason, res.Status, res.Phrase, res.Detail = h.Outcome, h.Reason, h.Status(), h.Phrase(), h.Detail()
	return res
}

// describe takes over what the best field proves.
func (c *check) describe(res *Result, h *HeaderResult) {
	t := h.Token
	res.Outcome = Valid
	res.Identity, res.PPT = t.Claims.Orig, t.Header.PPT
	if t.Header.PPT == passport.Shaken {
		res.Attestation = attestation(h)
		if isUUID(t.Claims.OrigID) { // Lenient takes others; they are of no use to whoever traces a call
			res.OrigID = t.Claims.OrigID
		}
	}
	res.IssuedAt = time.Unix(t.Claims.IssuedAt, 0).UTC()
	res.SignedBy = Certificate{Entity: h.path.Entity(), Coverage: h.Coverage, URL: t.Header.X5U, Path: h.path}
	for i := range c.each {
		if o := &c.each[i]; o.Outcome == Valid && o.role == aboutCall && c.bodyProven(o.Token) {
			res.BodyProven = true
		}
	}
}

// diversions lists the first chain that holds, the first diversion first.
func (c *check) diversions(res *Result, good uint16) {
	for i := range indices(c.outer & good) {
		path := c.chain(i, good)
		for at := i; path != 0 && c.each[at].role == diverts; {
			res.Diverted = append(res.Diverted, c.each[at].Token.Claims.Div)
			path &^= 1 << at
			for j := range indices(c.below[at] & path) {
				at = j
			}
		}
		slices.Reverse(res.Diverted)
		return
	}
}

// show takes over the rich call data of the first valid field that has some, and the reason of the call likewise.
func (c *check) show(res *Result) {
	for i := range c.each {
		h := &c.each[i]
		if h.Outcome != Valid || h.role != aboutCall {
			continue
		}
		claims := &h.Token.Claims
		d := claims.RCD
		if d == nil && claims.CallReason == "" {
			continue
		}
		res.Display = &Display{Reason: claims.CallReason, Checked: len(claims.RCDIntegrity) > 0}
		if d != nil {
			res.Display.Name, res.Display.Alias, res.Display.IconURL = d.Name, d.Alias, d.Icon
			res.Display.JCard, res.Display.CardURL = d.JCard, d.JCardURL
			res.Display.IconDigest, res.Display.CardDigest = claims.RCDIntegrity["/icn"], claims.RCDIntegrity["/jcl"]
		}
		return
	}
}

// rank takes over a priority that somebody with authority over the caller's identity signed.
func (c *check) rank(h *HeaderResult, res *Result) {
	for v := range bytes.SplitSeq(c.r.ResourcePriority, []byte{','}) {
		if v = bytes.TrimSpace(v); len(v) > 0 {
			res.Priorities = append(res.Priorities, string(v))
		}
	}
	if h.Token.Claims.SPH != "" {
		res.Emergency = h.Token.Claims.SPH
	}
	h.Reason, h.Outcome = NotAboutCaller, Missing
}

// ppi returns a token in compact form, fit for a quoted-string: the last part of what was read as a token has no octet that
// needs quoting. RFC 9410 §3.1 recommends the compact form; the full one tells more than it should.
func ppi(token []byte) string {
	const longest = 128
	if !tokenShape(token) {
		return ""
	}
	sig := token[bytes.LastIndexByte(token, '.')+1:]
	if len(sig) == 0 || len(sig) > longest || skip(sig, 0, isToken64) < len(sig) {
		return ""
	}
	return ".." + string(sig)
}
