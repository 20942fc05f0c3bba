package fetch

import (
	"strconv"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

// Reason says why nothing was fetched.
type Reason uint8

// The reasons. Those up to BadAddress are the guard's, those up to Waited are ours, the others the host's.
const (
	BadURL       Reason = iota + 1 // not a URL, or one that could be read in two ways
	BadScheme                      // not https
	HasUserinfo                    // names a user
	HasFragment                    // has a fragment
	BadHost                        // neither a host name nor an address
	BadPort                        // not one of Config.Ports
	BadAddress                     // leads to an address that strangers may not send us to
	NoBudget                       // who caused it has caused too much lately
	Busy                           // too many are under way
	Stopped                        // the fetcher has been closed
	Waited                         // the caller's own deadline came first
	NoName                         // DNS has no address
	NoConnection                   // no connection
	BadTLS                         // no TLS, or a certificate that is not the host's
	TooSlow                        // nothing, or not all, within the deadline
	BadAnswer                      // not HTTP
	Redirected                     // sends us elsewhere
	BadStatus                      // another status than 200
	BadType                        // not what a certificate or a CRL is sent as
	BadEncoding                    // compressed
	TooLarge                       // more than the limit
	BadContent                     // no certificates, or not of our roots; no CRL
)

var reasonNames = [...]string{
	BadURL: "not a proper address", BadScheme: "not https", HasUserinfo: "names a user", HasFragment: "has a fragment",
	BadHost: "not a host name", BadPort: "port not allowed", BadAddress: "address not allowed",
	NoBudget: "budget used up", Busy: "too many fetches at once", Stopped: "stopped", Waited: "not there yet",
	NoName: "name not found", NoConnection: "no connection", BadTLS: "TLS failed", TooSlow: "too slow", BadAnswer: "not HTTP",
	Redirected: "redirects", BadStatus: "status", BadType: "content type", BadEncoding: "compressed", TooLarge: "too large",
	BadContent: "not acceptable",
}

// String is the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return "reason " + strconv.Itoa(int(r))
}

// ofHost says whether it is the host that failed, whatever it was asked for.
func (r Reason) ofHost() bool {
	switch r {
	case NoName, NoConnection, BadTLS, TooSlow, BadAnswer, BadAddress:
		return true
	}
	return false
}

// ours says whether the host had no part in it: nothing to remember against it.
func (r Reason) ours() bool { return r >= NoBudget && r <= Waited }

// Error is a fetch that gave nothing. To errors.Is it is stir.ErrUnreachable unless there is a certificate and something is wrong with
// it: then Err is the *certificate.Error that says what.
type Error struct {
	Reason Reason
	URL    string // as given, by a stranger
	Detail string // more of the reason; may be empty
	Err    error  // the cause; may be nil
	Cached bool   // remembered from an earlier try
}

// Error tells the reason, the address quoted and cut, and the cause.
func (e *Error) Error() string {
	s := "fetch: " + quoted(e.URL) + ": " + e.Reason.String()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Cached {
		s += " (a moment ago)"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is tells what RFC 8224 §6.2.2 answers with 436, that no certificate could be had, from 437, that it is not acceptable. What cannot be
// read as certificates at all is of the first kind.
func (e *Error) Is(target error) bool {
	if target != stir.ErrUnreachable {
		return false
	}
	switch certificate.ReasonOf(e.Err) {
	case certificate.NoReason, certificate.Malformed, certificate.TooLarge:
		return true
	}
	return false
}

// quoted is a stranger's text, safe in a log line and not long.
func quoted(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
