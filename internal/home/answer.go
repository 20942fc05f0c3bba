package home

import (
	"strconv"
	"time"
)

// appendSuccess appends the header lines of a 200 (RFC 3261 §10.3 step 8): every binding there is with the
// time it has left, the Path that was stored (RFC 3327 §5.3) and the date.
func appendSuccess(dst []byte, entries []*entry, path []string, now time.Time) []byte {
	for _, e := range entries {
		dst = append(dst, "Contact: <"...)
		dst = append(dst, e.Contact...)
		dst = append(dst, ">;expires="...)
		dst = strconv.AppendInt(dst, remaining(e.Expires, now), 10)
		if e.Q >= 0 {
			dst = appendQ(append(dst, ";q="...), e.Q)
		}
		if e.Instance != "" {
			dst = append(dst, `;+sip.instance="`...)
			dst = append(dst, e.Instance...)
			dst = append(dst, '"')
		}
		dst = append(dst, "\r\n"...)
	}
	for _, p := range path {
		dst = append(dst, "Path: "...)
		dst = append(dst, p...)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "Supported: path\r\nDate: "...)
	// RFC 3261 §20.17: always GMT.
	dst = now.UTC().AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT")
	return append(dst, "\r\n"...)
}

// remaining is the time left in whole seconds, not less than 1 while there is some.
func remaining(expires, now time.Time) int64 {
	return int64((expires.Sub(now) + time.Second - 1) / time.Second)
}

// appendQ writes thousandths as a qvalue.
func appendQ(dst []byte, q int) []byte {
	if q >= 1000 {
		return append(dst, '1')
	}
	dst = append(dst, '0', '.')
	for unit := 100; unit > 0 && q > 0; unit /= 10 {
		dst = append(dst, '0'+byte(q/unit))
		q %= unit
	}
	if dst[len(dst)-1] == '.' {
		dst = append(dst, '0')
	}
	return dst
}

// appendSeconds ends a header line with a time in seconds.
func appendSeconds(dst []byte, d time.Duration) []byte {
	dst = strconv.AppendInt(dst, int64(d/time.Second), 10)
	return append(dst, "\r\n"...)
}
