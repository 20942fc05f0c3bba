package stir

import "strconv"

// AppendReasons writes a Reason header field, with its CRLF, for each Identity header field that failed, to be put into a
// provisional or final response. RFC 9410 §3: protocol STIR, the code, its phrase, and the token in compact form, so that
// the signer knows which one is meant and nobody else learns more from it. Fields that were ignored are not told about.
func AppendReasons(dst []byte, r *Result) []byte {
	for i := range r.Each {
		h := &r.Each[i]
		if h.Outcome == Valid || h.Outcome == Missing || h.Reason == BadFrom {
			continue
		}
		dst = append(dst, "Reason: STIR;cause="...)
		dst = strconv.AppendInt(dst, int64(h.Status()), 10)
		dst = append(dst, `;text="`...)
		dst = append(append(dst, h.Phrase()...), '"')
		if h.PPI != "" {
			dst = append(dst, `;ppi="`...)
			dst = append(append(dst, h.PPI...), '"')
		}
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// Verstat returns the value of the verstat parameter that tells a telephone what was verified. 3GPP TS 24.229 §7.2A.20: it
// is about numbers, so that the proof of a URI is no validation of a number. A token of a diverted call speaks for the
// caller as any other does.
func Verstat(r *Result) string {
	switch {
	case r.Outcome == Missing:
		return "No-TN-Validation"
	case r.Outcome != Valid:
		return "TN-Validation-Failed"
	case r.Identity.TN == "":
		return "No-TN-Validation"
	}
	switch r.Attestation {
	case 'A':
		return "TN-Validation-Passed-A"
	case 'B':
		return "TN-Validation-Passed-B"
	case 'C':
		return "TN-Validation-Passed-C"
	}
	return "TN-Validation-Passed"
}
