package stir

import "gatehouse.example/stir/passport"

// Reason says precisely why a header field, or a request, has its Outcome.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	NoReason          Reason = iota // valid
	NoIdentity                      // no Identity header field
	UnknownPPT                      // an extension that is not supported: the field is ignored, RFC 8224 §6.2 step 1
	NotAboutCaller                  // an assertion about priority only: it does not prove who calls
	BadFrom                         // From names nobody: 400
	TooManyHeaders                  // more Identity header fields than are looked at
	MalformedHeader                 // not what RFC 8224 §4 allows
	NoInfo                          // no info parameter
	BadInfo                         // info is no absolute URI: a local file, for example
	InfoMismatch                    // info and x5u differ
	NoTokenPPT                      // the parameter names an extension, the token does not
	NoAlgParameter                  // shaken without alg parameter
	BadAlgParameter                 // an alg parameter other than ES256
	NoPPTParameter                  // the token names an extension, no parameter does
	PPTMismatch                     // the parameter and the token name different extensions
	ExtraParameter                  // shaken with a parameter that RFC 8224 does not define
	BadToken                        // package passport refuses the token; Err says why
	CompactExtension                // compact form of an extension that needs the full form
	NoDate                          // no Date header field where one is needed
	BadDate                         // a Date that is none
	OldDate                         // Date before the window
	FutureDate                      // Date behind the window
	OldToken                        // iat before the window
	FutureToken                     // iat behind the window
	OrigMismatch                    // the token's orig is not who the request is from
	Anonymous                       // From is anonymous, and nobody that is trusted says who it is
	DestMismatch                    // the token's dest does not hold who is called
	TargetMismatch                  // … nor does it lead to the Request-URI
	DivUnlinked                     // no way back from this div token to a token about the call
	DivTooLong                      // … or only one that is too long
	DivOrig                         // a chain of div tokens that do not agree on the caller
	MediaKeyMismatch                // the body's fingerprints are not those of mky
	MessageMismatch                 // the body is not the one of msgi
	PriorityMismatch                // Resource-Priority or Priority differ from rph or sph
	DisplayMismatch                 // what is to be shown is not what rcdi says
	NoCertificate                   // the certificate could not be had
	BadCertificate                  // package certificate refuses it; Err says why
	NotCovered                      // the certificate has no authority over the identity
	ClaimRefused                    // the certificate's constraints do not allow these claims
	Revoked                         // the certificate is revoked
	RevocationUnknown               // nobody can tell whether it is, and the policy wants to know
	BadSignature                    // not signed by this key
	Replayed                        // seen before in another call
	LegacyIgnored                   // RFC 4474, which is not looked at
	BadLegacy                       // RFC 4474: malformed, or not signed by this certificate
	LegacyDomain                    // RFC 4474: the certificate is not of the domain in From
)

// Outcome returns the outcome that a reason leads to; that of BadToken depends on the token's error and is Invalid here.
func (r Reason) Outcome() Outcome {
	switch r {
	case NoReason:
		return Valid
	case NoIdentity, UnknownPPT, NotAboutCaller, LegacyIgnored:
		return Missing
	case NoDate, BadDate, OldDate, FutureDate, OldToken, FutureToken:
		return Stale
	case NoInfo, BadInfo, InfoMismatch, NoTokenPPT, NoCertificate:
		return Unreachable
	case NoAlgParameter, BadAlgParameter, BadCertificate, NotCovered, Revoked, RevocationUnknown, LegacyDomain:
		return Unsupported
	}
	return Invalid
}

// tokenOutcome sorts the faults of a token. RFC 8224 §6.2.2: 437 is for algorithms, 436 for a certificate that cannot be
// found; the type counts with the algorithm, as in the French regulator's table.
func tokenOutcome(r passport.Reason) Outcome {
	switch r {
	case passport.AlgMissing, passport.AlgNone, passport.AlgSymmetric, passport.AlgCase, passport.AlgUnsupported,
		passport.BadType, passport.UnsupportedKey:
		return Unsupported
	case passport.NoCertificateURL, passport.BadCertificateURL:
		return Unreachable
	}
	return Invalid
}

// claimsAtFault says whether a token is well formed but says the wrong things.
func claimsAtFault(r passport.Reason) bool {
	switch r {
	case passport.MissingClaim, passport.BadClaim, passport.BadIssuedAt, passport.BadDestination, passport.BadNumber:
		return true
	}
	return false
}

// String returns the reason in the words that logs, API and answers use.
func (r Reason) String() string {
	if int(r) < len(reasonTexts) {
		return reasonTexts[r]
	}
	return "unknown reason"
}

var reasonTexts = [...]string{
	NoReason:          "valid",
	NoIdentity:        "no Identity header field",
	UnknownPPT:        "unsupported PASSporT extension",
	NotAboutCaller:    "proves a priority, not a caller",
	BadFrom:           "From names nobody",
	TooManyHeaders:    "too many Identity header fields",
	MalformedHeader:   "malformed Identity header field",
	NoInfo:            "no info parameter",
	BadInfo:           "info is no URI",
	InfoMismatch:      "info and x5u differ",
	NoTokenPPT:        "ppt parameter without ppt in the token",
	NoAlgParameter:    "no alg parameter",
	BadAlgParameter:   "unsupported alg parameter",
	NoPPTParameter:    "no ppt parameter",
	PPTMismatch:       "ppt parameter and token differ",
	ExtraParameter:    "parameter that is not defined",
	BadToken:          "token refused",
	CompactExtension:  "compact form of an extension",
	NoDate:            "no Date",
	BadDate:           "malformed Date",
	OldDate:           "Date is too old",
	FutureDate:        "Date is in the future",
	OldToken:          "iat is too old",
	FutureToken:       "iat is in the future",
	OrigMismatch:      "orig is not the caller",
	Anonymous:         "caller is anonymous",
	DestMismatch:      "dest is not the called party",
	TargetMismatch:    "dest does not lead to the Request-URI",
	DivUnlinked:       "div leads back to no call",
	DivTooLong:        "div chain is too long",
	DivOrig:           "div chain changes the caller",
	MediaKeyMismatch:  "media keys are not those that were signed",
	MessageMismatch:   "body is not the one that was signed",
	PriorityMismatch:  "priority is not the one that was signed",
	DisplayMismatch:   "rich call data is not what was signed",
	NoCertificate:     "certificate could not be had",
	BadCertificate:    "certificate refused",
	NotCovered:        "certificate has no authority over the identity",
	ClaimRefused:      "certificate does not allow these claims",
	Revoked:           "certificate is revoked",
	RevocationUnknown: "revocation could not be checked",
	BadSignature:      "signature does not match",
	Replayed:          "token was used in another call",
	LegacyIgnored:     "signed by RFC 4474 only",
	BadLegacy:         "RFC 4474 signature refused",
	LegacyDomain:      "certificate is not of the caller's domain",
}
