package text

import (
	"strings"
	"unicode"
)

// longRun is how many single letters in a row are no accident: "U R A" happens.
const longRun = 4

// joinSpaced puts letters together that stand apart: "f r e e", "f.r.e.e", "f-r-e-e". A gap that is wider than the others ends a word.
func joinSpaced(in []rune, t *Tricks) []rune {
	least := longRun
	out := in[:0:0]
	for pass := 0; pass < 2; pass++ {
		out = make([]rune, 0, len(in))
		found := 0
		for i := 0; i < len(in); {
			end, letters := spacedRun(in, i)
			if letters < least {
				// Within a run that is too short no longer one begins, but with another gap one may begin at its last letter.
				next := max(i+1, end-1)
				out = append(out, in[i:next]...)
				i = next
				continue
			}
			found++
			for j := i; j < end; j += 2 {
				out = append(out, in[j])
			}
			i = end
		}
		if found == 0 {
			return out
		}
		t.Spaced = max(t.Spaced, found)
		// Where somebody spaces words out, the short ones are spaced as well.
		least = 2
	}
	return out
}

// spacedRun measures the run of single letters that begins at i: where it ends, and of how many it is.
func spacedRun(in []rune, i int) (end, letters int) {
	if !wordRune(in[i]) || i > 0 && wordRune(in[i-1]) || i+2 >= len(in) || !apart(in[i+1]) {
		return i, 0
	}
	gap := in[i+1]
	n := 0
	for j := i; j < len(in) && wordRune(in[j]) && (j+1 == len(in) || !wordRune(in[j+1])); j += 2 {
		end, n = j+1, n+1
		if unicode.IsLetter(in[j]) {
			letters++
		}
		if j+1 >= len(in) || in[j+1] != gap {
			break
		}
	}
	if n < 2 || letters < 2 {
		letters = 0
	}
	return end, letters
}

// apart knows what is put between letters.
func apart(r rune) bool {
	switch r {
	case ' ', '.', '-', '_', '*', ',', '|', '/', '~', '\'', '+', '·', '•':
		return true
	}
	return false
}

// wordRune tells what words are made of.
func wordRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r >= 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// joinLinks puts links together that were taken apart: "www . site . com", "site[.]com", "site dot com", "hxxp : // site".
func joinLinks(s string, t *Tricks) string {
	if !strings.ContainsAny(s, ".:") && !strings.Contains(s, "dot") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	split := 0
	for i := 0; i < len(s); {
		if n := brokenDot(s, i); n > 0 {
			b.WriteByte('.')
			i += n
			split++
			continue
		}
		if n := brokenScheme(s, i); n > 0 {
			b.WriteString("http://")
			i += n
			split++
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	t.Split += split
	return b.String()
}

// brokenDot returns the length of a dressed-up dot at i that stands before a top-level domain or behind "www".
func brokenDot(s string, i int) int {
	if s[i] != ' ' && s[i] != '[' && s[i] != '(' && s[i] != '{' && s[i] != '.' || i == 0 || !labelByte(s[i-1]) {
		return 0
	}
	j := skip(s, i, " [({")
	dressed := j > i
	switch {
	case j < len(s) && s[j] == '.':
		j++
	case strings.HasPrefix(s[min(j, len(s)):], "dot") && dressed:
		j += 3
	default:
		return 0
	}
	k := skip(s, j, " ])}")
	if !dressed && k == j || k-i > 12 {
		return 0
	}
	if strings.HasSuffix(s[:i], "www") {
		return k - i
	}
	end := k
	for end < len(s) && labelByte(s[end]) && end-k < 24 {
		end++
	}
	// A sentence may end before a word that is a domain as well ("Talk to him. Me too"): a bare full stop with a space behind it needs a path, or
	// the domain to be none that is a word.
	if !topLevel(s[k:end]) || !dressed && wordlike(s[k:end]) {
		return 0
	}
	return k - i
}

// brokenScheme returns the length of a dressed-up "http://" at i.
func brokenScheme(s string, i int) int {
	if s[i] != 'h' || i > 0 && labelByte(s[i-1]) {
		return 0
	}
	j := i
	for _, scheme := range [...]string{"https", "hxxps", "http", "hxxp"} {
		if strings.HasPrefix(s[i:], scheme) {
			j = i + len(scheme)
			break
		}
	}
	if j == i {
		return 0
	}
	k := skip(s, j, " [](){}")
	if k >= len(s) || s[k] != ':' {
		return 0
	}
	k = skip(s, k+1, " ")
	for n := 0; n < 2; n++ {
		if k >= len(s) || s[k] != '/' {
			return 0
		}
		k = skip(s, k+1, " ")
	}
	if plain := s[i:k]; plain == "http://" || plain == "https://" || k-i > 24 {
		return 0
	}
	return k - i
}

func skip(s string, i int, set string) int {
	for n := 0; i < len(s) && n < 8 && strings.IndexByte(set, s[i]) >= 0; n++ {
		i++
	}
	return i
}

func labelByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c >= 0x80
}

// topLevel knows the top-level domains that links in spam have; a country's two letters count only behind a dot without spaces.
func topLevel(s string) bool {
	switch s {
	case "com", "net", "org", "info", "biz", "ru", "cn", "uk", "co", "io", "me", "tk", "ly", "gl", "cc", "xyz", "top", "club", "site", "online", "shop",
		"app", "link", "click", "live", "vip", "win", "bet", "mobi", "name", "tv", "de", "fr", "es", "it", "pl", "eu", "us", "in", "ng", "br", "ua", "su",
		"pro", "icu", "loan", "work", "fun", "space", "store", "website", "ml", "ga", "cf", "gq", "to", "sh", "gd", "ws":
		return true
	}
	return false
}

// wordlike knows the top-level domains that are words as well.
func wordlike(s string) bool {
	switch s {
	case "me", "in", "us", "it", "to", "name", "work", "win", "live", "fun", "top", "so", "pro", "app", "link", "click", "shop", "space", "store", "online", "site", "club",
		"loan", "bet", "es", "de", "co", "be", "info":
		return true
	}
	return false
}
