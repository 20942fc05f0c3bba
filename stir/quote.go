package stir

import (
	"strconv"
	"unicode/utf8"
)

// maxDetail is how much of a text of somebody else's reaches a Detail.
const maxDetail = 200

// quote makes a text fit for a log line: plain printable ASCII without quotes stays as it is, all else is quoted and
// escaped, and what is long is cut.
func quote(s string) string {
	if len(s) > maxDetail {
		n := maxDetail
		for n > maxDetail-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "..."
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.QuoteToASCII(s)
		}
	}
	return s
}
