package store

import (
	"strings"
	"time"
	"unicode/utf8"
)

// text mends what PostgreSQL refuses in a TEXT: NUL and octets that are not UTF-8. Both databases get the same.
func text(s string) string {
	for i := range len(s) {
		if s[i] == 0 || s[i] >= utf8.RuneSelf {
			return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
		}
	}
	return s
}

// micros is how times are stored: Unix microseconds, the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
