package verdict

// The outcomes of looking at an attempt's signature, as RFC 8224 §6.2.2 and RFC 8588 tell them apart. An empty Outcome means that nobody
// has looked.
const (
	SignatureValid       = "valid"       // it verifies and covers the caller
	SignatureStale       = "stale"       // it is too old, or of the future (403)
	SignatureInvalid     = "invalid"     // it does not verify, or is for another call (438)
	SignatureUnsupported = "unsupported" // its certificate is not one that we accept (437), or its kind is not ours
	SignatureUnreachable = "unreachable" // its certificate could not be had (436)
	SignatureMissing     = "missing"     // there is none (428)
)

// Signature says what became of the caller's signature (Identity header, RFC 8224). All text in it but Outcome and Verstat
// came from the network.
type Signature struct {
	// Outcome is one of the constants above, or empty.
	Outcome string `json:"outcome"`
	// Reason says in words why it is not valid, or what is particular about it.
	Reason string `json:"reason,omitempty"`
	// Attestation is "A", "B" or "C" (RFC 8588 §4), or empty where the token has none.
	Attestation string `json:"attestation,omitempty"`
	// Signer is the service provider code of the certificate (RFC 8226 §9), or its subject where it has none.
	Signer string `json:"signer,omitempty"`
	// Organization is the legal entity that the certificate names.
	Organization string `json:"organization,omitempty"`
	// URL is where the certificate is published.
	URL string `json:"url,omitempty"`
	// OrigID is the opaque identifier of the call's origin (RFC 8588 §5), for traceback.
	OrigID string `json:"origid,omitempty"`
	// Diverted is true where a chain of div tokens (RFC 8946) leads from the called number to us.
	Diverted bool `json:"diverted,omitempty"`
	// Verstat is what phones are told: "TN-Validation-Passed-A", "TN-Validation-Failed", "No-TN-Validation" and the like, or empty.
	Verstat string `json:"verstat,omitempty"`
}

// Clone returns a copy, nil for nil.
func (s *Signature) Clone() *Signature {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

func (s *Signature) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"outcome":`...), s.Outcome)
	dst = appendNamed(dst, `,"reason":`, s.Reason)
	dst = appendNamed(dst, `,"attestation":`, s.Attestation)
	dst = appendNamed(dst, `,"signer":`, s.Signer)
	dst = appendNamed(dst, `,"organization":`, s.Organization)
	dst = appendNamed(dst, `,"url":`, s.URL)
	dst = appendNamed(dst, `,"origid":`, s.OrigID)
	if s.Diverted {
		dst = append(dst, `,"diverted":true`...)
	}
	dst = appendNamed(dst, `,"verstat":`, s.Verstat)
	return append(dst, '}')
}

// appendNamed writes a member that is left out where its text is empty.
func appendNamed(dst []byte, name, s string) []byte {
	if s == "" {
		return dst
	}
	return appendText(append(dst, name...), s)
}
