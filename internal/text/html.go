package text

import (
	"html"
	"strings"
)

// stripHTML takes mark-up off. Links stay, for where one leads is part of what it says; scripts, styles and comments go.
func stripHTML(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:at])
		s = s[at:]
		if strings.HasPrefix(s, "<!--") {
			s = after(s[4:], "-->")
			continue
		}
		end := strings.IndexByte(s, '>')
		if end < 0 {
			break
		}
		tag := s[1:end]
		s = s[end+1:]
		name := tagName(tag)
		switch name {
		case "script", "style":
			s = afterFold(s, "</"+name)
		case "b", "i", "u", "em", "strong", "span", "font", "small", "big", "/b", "/i", "/u", "/em", "/strong", "/span", "/font", "/small", "/big", "wbr":
			// These may stand within a word: "fr<b></b>ee" reads "free".
		default:
			b.WriteByte(' ')
			if link := attribute(tag, "href"); link != "" {
				b.WriteString(link)
				b.WriteByte(' ')
			}
		}
	}
	return html.UnescapeString(b.String())
}

func tagName(tag string) string {
	for i := 0; i < len(tag); i++ {
		if c := tag[i]; c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' && i > 0 {
			tag = tag[:i]
		}
	}
	return strings.ToLower(tag)
}

// attribute finds one attribute of a tag.
func attribute(tag, name string) string {
	_, rest, ok := cutFold(tag, name)
	if !ok {
		return ""
	}
	rest = strings.TrimSpace(rest)
	rest, ok = strings.CutPrefix(rest, "=")
	if !ok {
		return ""
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return ""
	}
	if q := rest[0]; q == '"' || q == '\'' {
		value, _, _ := strings.Cut(rest[1:], string(q))
		return value
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func after(s, end string) string {
	_, rest, _ := strings.Cut(s, end)
	return rest
}

// afterFold is what follows end, whatever the case of its letters, and the '>' behind it.
func afterFold(s, end string) string {
	_, rest, ok := cutFold(s, end)
	if !ok {
		return ""
	}
	return after(rest, ">")
}

// cutFold is strings.Cut for a lower-case ASCII separator in text of any case.
func cutFold(s, sep string) (before, rest string, ok bool) {
	for i := 0; i+len(sep) <= len(s); i++ {
		if s[i]|0x20 == sep[0]|0x20 && strings.EqualFold(s[i:i+len(sep)], sep) {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}
