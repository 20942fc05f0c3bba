package history

import (
	"strings"
	"unicode/utf8"
)

// keyLimit bounds a key: nothing longer is a number or an address that a person looks for.
const keyLimit = 256

// Key returns the form by which a caller or a called one is found: a telephone number with its plus sign, else user@host with the
// host in lower case, else the text itself. It takes what verdicts hold and what people type. The result is valid UTF-8 without NUL.
func Key(s string) string {
	rest, isTel := cutScheme(strings.TrimSpace(s))
	rest, _, _ = strings.Cut(rest, ";")
	rest, _, _ = strings.Cut(rest, "?")
	user, host, isAddress := strings.Cut(rest, "@")
	if number, ok := number(user); ok && (user[0] == '+' || isTel || !isAddress) {
		return number
	}
	if !isAddress {
		return clean(rest)
	}
	if lower := strings.ToLower(host); lower != host {
		return clean(user + "@" + lower)
	}
	return clean(rest)
}

func cutScheme(s string) (rest string, isTel bool) {
	i := strings.IndexByte(s, ':')
	if i < 0 {
		return s, false
	}
	switch strings.ToLower(s[:i]) {
	case "tel":
		return s[i+1:], true
	case "sip", "sips":
		return s[i+1:], false
	}
	return s, false
}

// number drops the visual separators of RFC 3966 §5.1.1 and blanks. What holds anything but digits is no number.
func number(s string) (string, bool) {
	digits, separators := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '-' || c == '.' || c == '(' || c == ')' || c == ' ':
			separators++
		case c != '+' || i > 0:
			return "", false
		}
	}
	if digits == 0 || len(s) > keyLimit {
		return "", false
	}
	if separators == 0 {
		return s, true
	}
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s), true
}

// clean mends what a database may refuse: octets that are not UTF-8, NUL, and more than keyLimit octets.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] != 0 && s[i] < utf8.RuneSelf
	}
	if !plain {
		s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	}
	if len(s) <= keyLimit {
		return s
	}
	n := keyLimit
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
