package stir

// Outcome is what a verification came to. The zero value proves nothing.
type Outcome uint8

// The outcomes. RFC 8224 §6.2.2.
const (
	Missing     Outcome = iota // no Identity header field of a supported kind: 428
	Valid                      // the caller is who he says, as far as the certificate's owner vouches
	Stale                      // Date or iat too old or in the future: 403
	Invalid                    // malformed, of another call, or not signed by the key: 438
	Unsupported                // algorithm, certificate or its authority not acceptable: 437
	Unreachable                // no certificate to be had: 436
)

// String returns the name that logs and API use.
func (o Outcome) String() string {
	switch o {
	case Valid:
		return "valid"
	case Stale:
		return "stale"
	case Invalid:
		return "invalid"
	case Unsupported:
		return "unsupported"
	case Unreachable:
		return "unreachable"
	}
	return "missing"
}

// Status returns the code that a policy may answer with, 0 for Valid.
func (o Outcome) Status() int {
	switch o {
	case Valid:
		return 0
	case Stale:
		return 403
	case Invalid:
		return 438
	case Unsupported:
		return 437
	case Unreachable:
		return 436
	}
	return 428
}

// Phrase returns the reason phrase that goes with the status. RFC 8224 §6.2.2, §13.2.
func (o Outcome) Phrase() string {
	switch o {
	case Valid:
		return ""
	case Stale:
		return "Stale Date"
	case Invalid:
		return "Invalid Identity Header"
	case Unsupported:
		return "Unsupported Credential"
	case Unreachable:
		return "Bad Identity Info"
	}
	return "Use Identity Header"
}

// rank orders outcomes of several header fields: the lowest is the request's. RFC 8224 says that one valid field is
// enough, that 436 is for requests where no certificate could be had and 437 for those where one was had but none was
// acceptable; the rest of the order is ours.
func (o Outcome) rank() int {
	switch o {
	case Valid:
		return 0
	case Stale:
		return 1
	case Invalid:
		return 2
	case Unsupported:
		return 3
	case Unreachable:
		return 4
	}
	return 5
}
