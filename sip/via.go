package sip

import (
	"errors"

	"gatehouse.example/sip/uri"
)

// BranchCookie starts the branch of every transaction of RFC 3261 §8.1.1.7; one without it follows RFC 2543.
const BranchCookie = "z9hG4bK"

// HasCookie says whether a branch starts with the cookie.
func HasCookie(branch []byte) bool {
	return len(branch) >= len(BranchCookie) && equalFold(branch[:len(BranchCookie)], "z9hg4bk")
}

// ErrVia is returned by Via.Parse.
var ErrVia = errors.New("sip: malformed Via")

// Via is one value of a Via field. All slices are views, as written. RFC 3261 §20.42, RFC 3581.
type Via struct {
	Span          Span      // the value within the message, or within what was given to Parse
	Transport     Transport // UnknownTransport for one that has no name here
	Port          uint16    // 0: absent
	RPort         int       // -1: no rport parameter, 0: one without a value
	Protocol      []byte    // "SIP/2.0", with whatever white space is in it
	TransportName []byte
	SentBy        []byte // host and port
	Host          []byte // with its brackets for an IPv6 reference
	Branch        []byte // nil: absent
	Received      []byte // nil: absent
	MAddr         []byte // nil: absent
	Params        []byte // what follows the first ';', without it

	good     uint32 // end of what could be read
	rport    Span   // value of rport, empty at the end of its name where there is none
	received Span   // value of received
	bareName bool   // rport came without '='
}

// Parse reads b, which must be one Via value and nothing else.
func (v *Via) Parse(b []byte) error {
	if !v.parse(b, 0) || v.Span.Len() != len(trimLWS(b)) {
		return ErrVia
	}
	return nil
}

// Param returns the value of a parameter, as written, and whether it is present; name is in lower case.
func (v *Via) Param(name string) (value []byte, ok bool) { return findParam(v.Params, name) }

func (v *Via) isSIP2() bool {
	p := v.Protocol
	if string(p) == "SIP/2.0" {
		return true
	}
	n := skip(p, 0, isToken)
	last := len(p)
	for last > 0 && class[p[last-1]]&isToken != 0 {
		last--
	}
	return equalFold(p[:n], "sip") && string(p[last:]) == "2.0"
}

// parse reads the first value in b, up to a comma; b starts at offset base of the message. After a failure, what was read
// before the fault is in v.
func (v *Via) parse(b []byte, base uint32) bool {
	*v = Via{RPort: -1}
	start := skipLWS(b, 0)
	i, ok := v.parseProtocol(b, start)
	if !ok {
		return false
	}
	i, ok = v.parseSentBy(b, i)
	if !ok {
		return false
	}
	v.good = base + uint32(i)
	return v.parseParams(b, start, i, base)
}

// parseProtocol reads "SIP/2.0/UDP" and the white space behind it; there may be some round the slashes.
func (v *Via) parseProtocol(b []byte, start int) (next int, ok bool) {
	i := start
	if len(b) >= i+8 && string(b[i:i+8]) == "SIP/2.0/" {
		v.Protocol = b[i : i+7]
		i += 8
	} else {
		for part := 0; part < 2; part++ {
			end := skip(b, i, isToken)
			slash := skipLWS(b, end)
			if end == i || slash == len(b) || b[slash] != '/' {
				return 0, false
			}
			v.Protocol = b[start:end]
			i = skipLWS(b, slash+1)
		}
	}
	end := skip(b, i, isToken)
	v.TransportName = b[i:end]
	v.Transport = ParseTransport(v.TransportName)
	next = skipLWS(b, end)
	return next, end > i && next > end
}

// parseSentBy reads host [ ":" port ].
func (v *Via) parseSentBy(b []byte, i int) (next int, ok bool) {
	n := uri.HostLen(b[i:])
	if n < 1 {
		return 0, false
	}
	v.Host = b[i : i+n]
	v.SentBy = v.Host
	next = i + n
	colon := skipLWS(b, next)
	if colon == len(b) || b[colon] != ':' {
		return next, true
	}
	digits := skipLWS(b, colon+1)
	end := skip(b, digits, isDigit)
	port, ok := number(b[digits:end], 65535)
	if !ok || port == 0 {
		v.Host = nil
		return 0, false
	}
	v.Port, v.SentBy = uint16(port), b[i:end]
	return end, true
}

// parseParams reads the parameters up to the end of the value. None that decides anything may be there twice.
func (v *Via) parseParams(b []byte, start, i int, base uint32) bool {
	end := i
	i = skipLWS(b, i)
	first := i + 1
	for i < len(b) && b[i] == ';' {
		p, next, ok := scanParam(b, i+1)
		if !ok || !v.setParam(b, p, base) {
			return false
		}
		end = max(p.nameEnd, p.valueEnd)
		v.good = base + uint32(end)
		v.Params = b[first:end]
		i = next
	}
	v.Span = Span{base + uint32(start), base + uint32(end)}
	return i == len(b) || b[i] == ','
}

func (v *Via) setParam(b []byte, p param, base uint32) bool {
	name, value := b[p.name:p.nameEnd], b[p.value:p.valueEnd]
	switch len(name) {
	case 5:
		if equalFold(name, "rport") {
			return v.setRPort(p, value, base)
		}
		if equalFold(name, "maddr") {
			return setOnce(&v.MAddr, value)
		}
	case 6:
		if equalFold(name, "branch") {
			return setOnce(&v.Branch, value)
		}
	case 8:
		if equalFold(name, "received") {
			v.received = Span{base + uint32(p.value), base + uint32(p.valueEnd)}
			return setOnce(&v.Received, value)
		}
	}
	return true
}

// setRPort reads rport. RFC 3581 §4: without a value in a request, with one in a response.
func (v *Via) setRPort(p param, value []byte, base uint32) bool {
	if v.RPort >= 0 {
		return false
	}
	v.RPort = 0
	if p.valueEnd == 0 {
		v.bareName = true
		v.rport = Span{base + uint32(p.nameEnd), base + uint32(p.nameEnd)}
		return true
	}
	v.rport = Span{base + uint32(p.value), base + uint32(p.valueEnd)}
	if len(value) == 0 {
		return true
	}
	port, ok := number(value, 65535)
	v.RPort = int(port)
	return ok
}

// setOnce sets a value that must not be empty and must not be there yet.
func setOnce(dst *[]byte, value []byte) bool {
	if *dst != nil || len(value) == 0 {
		return false
	}
	*dst = value
	return true
}
