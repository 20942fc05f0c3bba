package passport

import "errors"

// Reason says why a token is refused. Package stir derives its outcome (RFC 8224 §6.2.2) from it.
type Reason uint8

// The reasons. The order follows a token's way through Parse and Verify.
const (
	NoReason          Reason = iota // not an error of this package
	TooLarge                        // the token, or something within it, is over a limit of this package
	MalformedToken                  // not three parts with dots between
	CompactForm                     // Parse was given a compact token, or a compact token is of a kind that must be full
	MalformedBase64                 // padding, + or /, foreign octets, an impossible length or trailing bits that are not zero
	MalformedJSON                   // not JSON, or not UTF-8, or a value of the wrong type in the header
	DuplicateKey                    // an object has a member twice
	AlgMissing                      // no alg
	AlgNone                         // alg none: no signature at all
	AlgSymmetric                    // alg HS256 and its like: the public key would be the secret
	AlgCase                         // ES256 in other letters
	AlgUnsupported                  // any other algorithm
	BadType                         // typ is not passport
	CriticalHeader                  // crit names something that is not understood, or is malformed itself
	KeyInHeader                     // jwk, jku or x5c: the token brings its own key
	UnencodedPayload                // b64, the option of RFC 7797
	NoCertificateURL                // no x5u
	BadCertificateURL               // x5u is no URI
	UnknownPPT                      // Sign was given an extension that this package does not know
	MissingClaim                    // a claim that the token's kind needs is absent
	BadClaim                        // a claim has the wrong type or form
	BadIssuedAt                     // iat is not a plain, possible integer
	BadDestination                  // dest is not an object of non-empty arrays of strings
	BadNumber                       // a tn is empty or not of digits, * and #
	BadSignatureForm                // not 64 octets; DER, for example
	SignatureRange                  // r or s is zero or not below the order of the curve
	UnsupportedKey                  // the key is not of P-256
	SignatureMismatch               // the signature is not of these octets by this key
	BadDigest                       // a digest of rcdi or msgi is malformed or of an unknown hash
	DigestMismatch                  // the content is not the one that was signed
	SigningFailed                   // the signer failed or returned no signature
)

// Error is what every function of this package returns when it refuses. Test with errors.As, or ask ReasonOf.
type Error struct {
	Reason Reason
	Detail string // what is meant, such as the name of a claim; never text of the token
	cause  error
}

// Error returns the reason and the detail.
func (e *Error) Error() string {
	text := "passport: " + e.Reason.String()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns what a signer answered, if it is the reason.
func (e *Error) Unwrap() error { return e.cause }

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
	switch r {
	case TooLarge:
		return "too large"
	case MalformedToken:
		return "not three parts"
	case CompactForm:
		return "compact form where the full form is needed"
	case MalformedBase64:
		return "malformed base64url"
	case MalformedJSON:
		return "malformed JSON"
	case DuplicateKey:
		return "duplicate JSON key"
	case AlgMissing:
		return "no algorithm"
	case AlgNone:
		return "algorithm none"
	case AlgSymmetric:
		return "symmetric algorithm"
	case AlgCase:
		return "algorithm in wrong case"
	case AlgUnsupported:
		return "unsupported algorithm"
	case BadType:
		return "type is not passport"
	case CriticalHeader:
		return "critical header not understood"
	case KeyInHeader:
		return "key in header"
	case UnencodedPayload:
		return "unencoded payload"
	case NoCertificateURL:
		return "no x5u"
	default:
		return r.claimString()
	}
}

func (r Reason) claimString() string {
	switch r {
	case BadCertificateURL:
		return "x5u is no URI"
	case UnknownPPT:
		return "unknown extension"
	case MissingClaim:
		return "missing claim"
	case BadClaim:
		return "malformed claim"
	case BadIssuedAt:
		return "malformed iat"
	case BadDestination:
		return "malformed dest"
	case BadNumber:
		return "malformed telephone number"
	case BadSignatureForm:
		return "signature is not 64 octets"
	case SignatureRange:
		return "signature out of range"
	case UnsupportedKey:
		return "key is not of P-256"
	case SignatureMismatch:
		return "signature does not match"
	case BadDigest:
		return "malformed digest"
	case DigestMismatch:
		return "digest does not match"
	case SigningFailed:
		return "signing failed"
	default:
		return "no reason"
	}
}
