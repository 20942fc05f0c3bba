package text

import (
	"strings"
)

// Links returns the hosts of the links in a folded text, at most limit of them.
func Links(folded string, limit int) (hosts []string) {
	for i := 0; i < len(folded) && len(hosts) < limit; {
		end := linkEnd(folded, i)
		if end <= i {
			i++
			continue
		}
		host, _ := splitLink(folded[i:end])
		hosts = append(hosts, host)
		i = end
	}
	return hosts
}

// linkEnd returns where the link that begins at i ends, or i where none begins.
func linkEnd(s string, i int) int {
	if i > 0 && (labelByte(s[i-1]) || s[i-1] == '@' || s[i-1] == '.') || !labelByte(s[i]) {
		return i
	}
	j := i
	for j < len(s) && labelByte(s[j]) && j-i < 64 {
		j++
	}
	switch {
	case strings.HasPrefix(s[j:], "://"):
		return untilSpace(s, j+3)
	case s[i:j] == "www" && strings.HasPrefix(s[j:], "."):
		return untilSpace(s, j+1)
	}
	// name.tld, name.name.tld
	for n := 0; n < 4 && j+1 < len(s) && s[j] == '.' && labelByte(s[j+1]); n++ {
		from := j + 1
		j = from
		for j < len(s) && labelByte(s[j]) && j-from < 64 {
			j++
		}
		if topLevel(s[from:j]) && (j == len(s) || !labelByte(s[j])) && (j+1 >= len(s) || s[j] != '.' || !labelByte(s[j+1])) {
			return untilSpace(s, j)
		}
	}
	return i
}

// untilSpace is the end of a link; what ends a sentence ends it too.
func untilSpace(s string, i int) int {
	end := min(len(s), i+2048)
	for i < end && s[i] != ' ' && s[i] != '<' && s[i] != '>' && s[i] != '"' && s[i] != ')' && s[i] != ',' {
		i++
	}
	for i > 0 && (s[i-1] == '.' || s[i-1] == '!' || s[i-1] == '?' || s[i-1] == ';' || s[i-1] == ':') {
		i--
	}
	return i
}

// splitLink returns host and path.
func splitLink(link string) (host, path string) {
	if _, rest, ok := strings.Cut(link, "://"); ok {
		link = rest
	}
	end := strings.IndexAny(link, "/?#")
	if end < 0 {
		end = len(link)
	}
	host = link[:end]
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	return strings.TrimPrefix(host, "www."), link[end:]
}

// links adds where links lead, and the numbers that may be called.
func (f *features) links(s string) {
	for i := 0; i < len(s) && !f.full(); {
		if end := linkEnd(s, i); end > i {
			f.link(s[i:end])
			i = end
		} else if end, digits := numberEnd(s, i); end > i {
			f.number(s[i:end], digits)
			i = end
		} else {
			i++
		}
	}
}

// link adds that there is a link, where it leads, and its path without what differs from copy to copy.
func (f *features) link(s string) {
	host, _ := splitLink(s)
	f.add(Word, hashString(kindHost, ""))
	f.add(Word, hashString(kindHost, host))
}

// numberEnd returns where a number that begins at i ends, and how many digits it has: of a telephone number with the separators that people
// write, of others without. A digit within a word begins none.
func numberEnd(s string, i int) (end, digits int) {
	if !digit(s[i]) && (s[i] != '+' || i+1 >= len(s) || !digit(s[i+1])) || i > 0 && labelByte(s[i-1]) && s[i-1] != '-' {
		return i, 0
	}
	j := i
	gap := 0
	for j < len(s) && j-i < 40 {
		switch c := s[j]; {
		case digit(c):
			digits, gap, end = digits+1, 0, j+1
		case c == '+' && j == i:
		case (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/') && gap < 2:
			gap++
		default:
			j = len(s)
			continue
		}
		j++
	}
	if digits < 7 { // too few for a telephone number: only what stands together
		end, digits = i, 0
		for end < len(s) && (digit(s[end]) || end == i) && end-i < 40 {
			if digit(s[end]) {
				digits++
			}
			end++
		}
		if end < len(s) && labelByte(s[end]) && !unit(s[end:]) {
			return i, 0 // "2nite" is a word
		}
	}
	return end, digits
}

// number adds a number of so many digits that it may be called.
func (f *features) number(s string, digits int) {
	if digits < 7 {
		return
	}
	f.raw = f.raw[:0]
	for j := 0; j < len(s); j++ {
		if digit(s[j]) {
			f.raw = append(f.raw, s[j])
		}
	}
	f.add(Word, hashBytes(kindNumber, f.raw))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// currency knows the signs of money.
func currency(r rune) bool {
	return r == '$' || r == 0xa3 || r == 0xa5 || 0x20a0 <= r && r <= 0x20bf || r == '%'
}

func unit(s string) bool { return unitOf(s) != "" }

// unitOf is the word of few letters that stands at once behind a number: "150p", "18yrs", "500usd".
func unitOf(s string) string {
	n := 0
	for n < len(s) && 'a' <= s[n] && s[n] <= 'z' {
		n++
	}
	switch s[:n] {
	case "p", "ppm", "k", "m", "usd", "eur", "gbp", "ngn", "rub", "mb", "gb", "mins", "min", "hrs", "hr", "yrs", "am", "pm", "th", "st", "nd", "rd":
		return s[:n]
	}
	return ""
}
