package sip

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// Response is what an answer says beyond what it copies from the request.
type Response struct {
	Status  int
	Reason  string         // "": the standard phrase
	ToTag   string         // put into To if it has no tag; "": none, as in a 100
	Headers []byte         // further header fields, each a line with its CRLF
	Body    []byte         // its Content-Type belongs into Headers
	Source  netip.AddrPort // where the request came from, for the top Via; the zero value leaves Via as it is
}

// AppendResponse writes an answer to req, which is a request that was parsed or at least CanRespond. RFC 3261 §8.2.6.2:
// Via, From, To, Call-ID and CSeq are copied, and Timestamp into a 100.
func AppendResponse(dst []byte, req *Message, r *Response) []byte {
	dst = appendStatusLine(dst, r)
	first := true
	for i := range req.fields {
		if f := &req.fields[i]; f.ID == HeaderVia {
			dst = append(dst, "Via: "...)
			dst = appendVia(dst, req, f.Value, first, r.Source)
			first = false
		}
	}
	dst = appendCopy(dst, "From: ", req.Value(HeaderFrom))
	dst = append(dst, "To: "...)
	to := req.Value(HeaderTo)
	dst = appendUnfolded(dst, to)
	if r.ToTag != "" && req.to.Tag == nil && !mentionsTag(req, to) {
		dst = append(dst, ";tag="...)
		dst = append(dst, r.ToTag...)
	}
	dst = append(dst, '\r', '\n')
	dst = appendCopy(dst, "Call-ID: ", req.Value(HeaderCallID))
	dst = appendCopy(dst, "CSeq: ", req.Value(HeaderCSeq))
	if r.Status == 100 && req.Has(HeaderTimestamp) {
		dst = appendCopy(dst, "Timestamp: ", req.Value(HeaderTimestamp)) // RFC 3261 §8.2.6.1
	}
	dst = append(dst, r.Headers...)
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(r.Body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, r.Body...)
}

func appendStatusLine(dst []byte, r *Response) []byte {
	dst = append(dst, "SIP/2.0 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	reason := r.Reason
	if reason == "" {
		reason = ReasonPhrase(r.Status)
	} else if end := strings.IndexAny(reason, "\r\n"); end >= 0 {
		reason = reason[:end] // no header of anyone else's making
	}
	dst = append(dst, reason...)
	return append(dst, '\r', '\n')
}

func appendCopy(dst []byte, name string, value []byte) []byte {
	dst = append(dst, name...)
	dst = appendUnfolded(dst, value)
	return append(dst, '\r', '\n')
}

// appendVia copies one Via field; the first holds the top Via, which gets the source.
func appendVia(dst []byte, req *Message, value Span, top bool, source netip.AddrPort) []byte {
	pos := value.Start
	if top {
		s, n := req.via.stamps(source)
		for i := range s[:n] {
			dst = appendUnfolded(dst, req.buf[pos:s[i].at.Start])
			dst = s[i].appendText(dst)
			pos = s[i].at.End
		}
	}
	dst = appendUnfolded(dst, req.buf[pos:value.End])
	return append(dst, '\r', '\n')
}

// mentionsTag says whether a To that could not be parsed seems to hold a tag.
func mentionsTag(req *Message, to []byte) bool {
	return req.to.Span == Span{} && bytes.Contains(to, []byte("tag="))
}
