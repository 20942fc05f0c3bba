package stir

import (
	"strings"
	"time"
)

// dateLayout is a SIP-date. RFC 3261 §20.17, §25.1: RFC 1123 with GMT as the only zone.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// ParseDate reads the value of a Date header field and says whether it is one. It is strict: names have their capitals, the
// day of the week is the date's, there are no leap seconds. It does not allocate.
func ParseDate(value []byte) (time.Time, bool) {
	for len(value) > 0 && isSpace(value[0]) {
		value = value[1:]
	}
	for len(value) > 0 && isSpace(value[len(value)-1]) {
		value = value[:len(value)-1]
	}
	if len(value) != len(dateLayout) || string(value[26:]) != "GMT" {
		return time.Time{}, false
	}
	for i, c := range []byte(dateLayout) {
		if (c == ',' || c == ' ' || c == ':') && value[i] != c {
			return time.Time{}, false
		}
	}
	month := strings.Index(" Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ", string(value[7:12]))
	day, year := digits(value[5:7]), digits(value[12:16])
	hour, minute, second := digits(value[17:19]), digits(value[20:22]), digits(value[23:25])
	if month < 0 || day < 1 || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month/4+1), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day || t.Weekday().String()[:3] != string(value[:3]) {
		return time.Time{}, false
	}
	return t, true
}

// digits reads a number of nothing but digits; it is -1 where b is none.
func digits(b []byte) (n int) {
	for _, c := range b {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// AppendDate writes a time as a Date header field has it.
func AppendDate(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, dateLayout) }
