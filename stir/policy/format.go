package policy

import (
	"strconv"
	"strings"
	"time"
)

// String returns the record as it stands in DNS. Tags that have their default are left out.
func (r *Record) String() string { return string(r.AppendTo(nil)) }

// AppendTo appends what String returns. Parse reads back an equal record where r is one that Parse could have returned; the mode of
// subdomains is left out where it is None, which is what its absence means.
func (r *Record) AppendTo(dst []byte) []byte {
	dst = append(append(dst, Version+"; p="...), r.Policy.String()...)
	if r.Subdomains != None {
		dst = append(append(dst, "; sp="...), r.Subdomains.String()...)
	}
	if r.Methods != Call {
		dst = appendWords(append(dst, "; m="...), methodWords[:], uint8(r.Methods))
	}
	if r.Sign != Stir {
		dst = appendWords(append(dst, "; sign="...), proofWords[:], uint8(r.Sign))
	}
	if !r.Start.IsZero() {
		dst = r.Start.AppendFormat(append(dst, "; from="...), time.DateOnly)
	}
	if r.Percent != 100 {
		dst = strconv.AppendInt(append(dst, "; pct="...), int64(r.Percent), 10)
	}
	if r.MaxAge != DefaultMaxAge {
		dst = strconv.AppendInt(append(dst, "; max-age="...), int64(r.MaxAge/time.Second), 10)
	}
	if len(r.Reports) > 0 {
		dst = append(append(dst, "; rua="...), strings.Join(r.Reports, ",")...)
	}
	return dst
}

// appendWords appends the words of a set with commas between them, and "none" for the empty set: a word that no list knows, so that what
// is read back is the empty set again.
func appendWords(dst []byte, words []word, set uint8) []byte {
	from := len(dst)
	for _, w := range words {
		if set&w.bit == 0 {
			continue
		}
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = append(dst, w.text...)
	}
	if len(dst) == from {
		return append(dst, "none"...)
	}
	return dst
}
