package certificate

import "errors"

// Reason says why a chain, a path, a CRL or a token is refused.
type Reason uint8

// The reasons.
const (
	NoReason          Reason = iota // not an error of this package
	TooLarge                        // more octets, certificates or entries than the limits allow
	Malformed                       // not PEM or DER, or not what it should be
	PrivateKey                      // a private key stands in what should be public
	WrongOrder                      // a certificate of the chain is not the issuer of the one before it
	NotTrusted                      // no path to a root, or a signature does not verify
	SelfSigned                      // the leaf vouches for itself
	Expired                         // a certificate of the path is, or was at iat, past its validity
	NotYetValid                     // a certificate of the path is not valid yet, or was not at iat
	BadKey                          // the key is not of the wanted kind
	WeakAlgorithm                   // a signature is weaker than ECDSA with SHA-256
	NotCA                           // an issuer without the CA bit, or a CA as a leaf
	BadKeyUsage                     // key usage does not allow what the key did
	BadExtKeyUsage                  // extended key usage is for something else
	PathTooLong                     // a path length constraint is exceeded
	NameConstraint                  // a name is outside its issuer's name constraints
	CriticalExtension               // a critical extension is not understood
	NoTNAuthList                    // there is no TNAuthList
	BadTNAuthList                   // the TNAuthList is not one
	OutOfScope                      // a delegate certificate claims numbers that its parent does not have
	BadConstraints                  // a claim constraints extension is malformed
	ClaimRefused                    // a token's claims are outside the claim constraints
	Revoked                         // a certificate of the path is revoked
	RevocationUnknown               // no current CRL tells
	BadCRL                          // a CRL is malformed, a delta, or of a kind that is not understood
)

// Error is what every function of this package returns when it refuses. Test with errors.As, or ask ReasonOf.
type Error struct {
	Reason Reason
	Detail string // what is meant: a position, a claim, a subject; text from certificates is quoted
}

// Error returns the reason and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "certificate: " + e.Reason.String()
	}
	return "certificate: " + e.Reason.String() + ": " + e.Detail
}

// ReasonOf returns the reason within err, NoReason where there is none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return NoReason
}

func fail(r Reason, detail string) error { return &Error{Reason: r, Detail: detail} }

// String returns the reason in the words that logs, API and answers use.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "no reason"
}

var reasonNames = [...]string{
	NoReason:          "no reason",
	TooLarge:          "too large",
	Malformed:         "malformed",
	PrivateKey:        "holds a private key",
	WrongOrder:        "chain out of order",
	NotTrusted:        "not trusted",
	SelfSigned:        "self-signed",
	Expired:           "expired",
	NotYetValid:       "not yet valid",
	BadKey:            "wrong kind of key",
	WeakAlgorithm:     "weak signature algorithm",
	NotCA:             "wrong CA bit",
	BadKeyUsage:       "wrong key usage",
	BadExtKeyUsage:    "wrong extended key usage",
	PathTooLong:       "path too long",
	NameConstraint:    "outside name constraints",
	CriticalExtension: "unknown critical extension",
	NoTNAuthList:      "no TNAuthList",
	BadTNAuthList:     "malformed TNAuthList",
	OutOfScope:        "outside the parent's scope",
	BadConstraints:    "malformed claim constraints",
	ClaimRefused:      "claim outside the certificate's constraints",
	Revoked:           "revoked",
	RevocationUnknown: "revocation unknown",
	BadCRL:            "malformed CRL",
}
