package stir

import (
	"bytes"
	"time"
)

// dateLayout is a SIP-date. RFC 3261 §20.17, §25.1: RFC 1123 with GMT as the only zone.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// ParseDate reads the value of a Date header field and says whether it is one.
func ParseDate(value []byte) (time.Time, bool) {
	value = bytes.TrimSpace(value)
	if len(value) != len(dateLayout) {
		return time.Time{}, false
	}
	t, err := time.Parse(dateLayout, string(value))
	if err != nil || t.Weekday().String()[:3] != string(value[:3]) {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// AppendDate writes a time as a Date header field has it.
func AppendDate(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, dateLayout) }
