package stir

import (
	"errors"
	"time"

	"gatehouse.example/stir/passport"
)

// check is one verification. Its methods follow the steps of RFC 8224 §6.2, the cheap ones first: whatever can be told
// without a certificate is told before one is asked for.
type check struct {
	v    *Verifier
	r    *Request
	now  time.Time
	date Reason // what is wrong with Date
	each []HeaderResult

	// below[i] are the header fields that div token i leads back to; bit j is field j. outer are the outermost div tokens,
	// inChain the fields that a chain from one of them reaches.
	below          [MaxIdentities]uint16
	outer, inChain uint16
}

// role is what a token is to its request.
type role uint8

const (
	aboutCall role = iota // says who calls
	diverts               // says that somebody forwarded the call
	ranks                 // says how urgent it is
)

func roleOf(ppt string) role {
	switch ppt {
	case passport.Div:
		return diverts
	case passport.Rph:
		return ranks
	}
	return aboutCall
}

// supported says whether an extension is looked at. div-o is for what is not SIP (RFC 8946 §5).
func supported(ppt string) bool { return passport.Known(ppt) && ppt != passport.DivO }

// read takes one header field as far as it goes without the others.
func (c *check) read(i int) {
	h := &c.each[i]
	switch {
	case i >= MaxIdentities:
		h.fail(TooManyHeaders, nil)
		return
	case c.r.BadFrom:
		h.fail(BadFrom, nil)
		return
	}
	switch err := h.header.parse(c.r.Identities[i]); {
	case errors.Is(err, ErrNoInfo):
		h.fail(NoInfo, nil)
	case errors.Is(err, ErrInfo):
		c.unfetchable(h)
	case err != nil:
		h.fail(MalformedHeader, err)
	case h.header.compact():
		c.readCompact(h)
	default:
		c.readFull(h)
	}
	if h.ok() {
		h.role = roleOf(h.Token.Header.PPT)
	}
}

// unfetchable takes a header field that points to nothing that could be asked for, a local file for example. Nobody will look for the
// certificate; but a token that is malformed, or of another call, is invalid in any case, and that is told first. RFC 8224 §6.2.2.
func (c *check) unfetchable(h *HeaderResult) {
	h.fail(BadInfo, nil)
	t, err := passport.Parse(h.header.token)
	if err != nil {
		if r := passport.ReasonOf(err); r != passport.CompactForm && tokenOutcome(r) == Invalid {
			h.fail(BadToken, err)
		}
		return
	}
	switch ppt := t.Header.PPT; {
	case !supported(ppt):
	case c.caller(t) != NoReason:
		h.fail(c.caller(t), nil)
	case roleOf(ppt) == aboutCall && !c.r.To.In(&t.Claims.Dest):
		h.fail(DestMismatch, nil)
	}
}

// readFull parses a full token and compares the parameters with it. RFC 8224 §6.2 step 1, §4.1.
func (c *check) readFull(h *HeaderResult) {
	p := &h.header
	t, err := passport.Parse(p.token)
	if len(p.ppt) > 0 && !supported(string(p.ppt)) {
		// The token of an extension that we do not know may hold anything; one that we know has the wrong label.
		if err == nil && t.Header.PPT != string(p.ppt) {
			h.fail(PPTMismatch, nil)
		} else {
			h.fail(UnknownPPT, nil)
		}
		return
	}
	if err != nil {
		h.fail(BadToken, err)
		return
	}
	h.Token = t
	switch ppt := t.Header.PPT; {
	case len(p.ppt) == 0 && !supported(ppt):
		h.fail(UnknownPPT, nil)
	case string(p.info) != t.Header.X5U:
		h.fail(InfoMismatch, nil)
	case ppt == "" && len(p.ppt) > 0:
		h.fail(NoTokenPPT, nil)
	case len(p.ppt) > 0 && string(p.ppt) != ppt:
		h.fail(PPTMismatch, nil)
	case len(p.ppt) == 0 && ppt != "" && !c.v.c.Lenient:
		h.fail(NoPPTParameter, nil)
	case ppt == passport.Shaken && !c.v.c.Lenient:
		c.shakenParameters(h)
	case len(p.alg) > 0 && string(p.alg) != algES256:
		h.fail(BadAlgParameter, nil)
	}
}

const algES256 = "ES256"

// shakenParameters is stricter than RFC 8224 §4, where alg is optional and extensions are allowed: all of shaken's profiles
// (ATIS-1000074, the French regulator's) have exactly these parameters.
func (c *check) shakenParameters(h *HeaderResult) {
	switch p := &h.header; {
	case len(p.alg) == 0:
		h.fail(NoAlgParameter, nil)
	case string(p.alg) != algES256:
		h.fail(BadAlgParameter, nil)
	case len(p.ext) > 0:
		h.fail(ExtraParameter, nil)
	}
}

// readCompact rebuilds what a compact token signs from the request. RFC 8224 §6.2 step 5: orig from From, dest from To, iat
// from Date, mky from the body. Extensions need claims that a request does not hold.
func (c *check) readCompact(h *HeaderResult) {
	p := &h.header
	switch {
	case len(p.ppt) > 0 && !supported(string(p.ppt)):
		h.fail(UnknownPPT, nil)
	case len(p.ppt) > 0:
		h.fail(CompactExtension, nil)
	case len(p.alg) > 0 && string(p.alg) != algES256:
		h.fail(BadAlgParameter, nil)
	case c.r.Date.IsZero() && !c.r.BadDate:
		h.fail(NoDate, nil)
	case c.date != NoReason:
		h.fail(c.date, nil)
	case c.r.originator().IsZero() || c.r.To.IsZero():
		h.fail(DestMismatch, nil)
	default:
		claims := passport.Claims{Orig: c.r.originator().Identity(), IssuedAt: c.r.Date.Unix(), MediaKeys: mediaKeys(c.r.Body)}
		if id := c.r.To.Identity(); id.TN != "" {
			claims.Dest.TN = []string{id.TN}
		} else {
			claims.Dest.URI = []string{id.URI}
		}
		t, err := passport.ParseCompact(p.token, passport.Header{X5U: string(p.info)}, claims)
		if err != nil {
			h.fail(BadToken, err)
			return
		}
		h.Token = t
	}
}

// caller compares orig with who the request is from. RFC 8224 §6.2 step 2: never the other way round.
func (c *check) caller(t *passport.Token) Reason {
	orig, r := t.Claims.Orig, c.r
	switch {
	case r.Anonymous && !r.Asserted[0].IsZero():
		if !r.Asserted[0].Is(orig) && !r.Asserted[1].Is(orig) {
			return OrigMismatch
		}
	case r.From.Is(orig):
	case r.Anonymous:
		return Anonymous
	default:
		return OrigMismatch
	}
	return NoReason
}

// dateReason says what is wrong with Date. RFC 8224 §6.2 step 4: it must be fresh where it is there.
func (c *check) dateReason() Reason {
	switch d := c.r.Date; {
	case c.r.BadDate:
		return BadDate
	case d.IsZero() && c.v.c.RequireDate:
		return NoDate
	case d.IsZero():
		return NoReason
	case c.now.Sub(d) > c.v.c.Freshness:
		return OldDate
	case d.Sub(c.now) > c.v.c.Freshness:
		return FutureDate
	}
	return NoReason
}

// tokenAge says what is wrong with iat, if it may be old as said.
func (c *check) tokenAge(t *passport.Token, old time.Duration) Reason {
	// Durations overflow where an iat is centuries away; seconds do not.
	switch age := c.now.Unix() - t.Claims.IssuedAt; {
	case age > int64(old/time.Second):
		return OldToken
	case -age > int64(c.v.c.Freshness/time.Second):
		return FutureToken
	}
	return NoReason
}

// place says whether token i is fresh, of this caller, and about this call: by itself, or as part of a chain. RFC 8224 §6.2
// steps 4 and 5, RFC 8946 §4.2.
func (c *check) place(i int) {
	h := &c.each[i]
	alone := c.standsAlone(h)
	switch {
	case c.date != NoReason:
		h.fail(c.date, nil)
	case h.role == diverts && c.outer&(1<<i) == 0:
		// What is below another token has its place from there.
		if h.without = c.holds(h.Token, c.v.c.InnerFreshness); h.without != NoReason {
			h.fail(h.without, nil)
		}
	case alone == NoReason:
		h.alone = true
	case h.role == aboutCall && c.inChain&(1<<i) != 0 && c.holds(h.Token, c.v.c.InnerFreshness) == NoReason:
		h.without = alone
	default:
		h.fail(alone, nil)
	}
}

// holds says what is wrong with a token apart from its dest, if it may be old as said.
func (c *check) holds(t *passport.Token, old time.Duration) Reason {
	if r := c.tokenAge(t, old); r != NoReason {
		return r
	}
	return c.caller(t)
}

// standsAlone says what is wrong with a token if nothing but the request supports it. An outermost div token must lead to
// the Request-URI.
func (c *check) standsAlone(h *HeaderResult) Reason {
	if r := c.holds(h.Token, c.v.c.Freshness); r != NoReason {
		return r
	}
	d := &h.Token.Claims.Dest
	switch {
	case h.role == diverts:
		if !c.r.RequestURI.In(d) {
			return TargetMismatch
		}
	case !c.r.To.In(d):
		return DestMismatch
	case c.v.c.CheckRequestURI && !c.r.RequestURI.In(d):
		return TargetMismatch
	}
	return NoReason
}
