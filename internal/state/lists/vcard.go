package lists

import (
	"bufio"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
)

// readVCard takes the numbers and SIP addresses of address books (RFC 6350; versions 2.1 and 3.0 write them alike). Each value's note is the name of
// its card. What is no value of a list, such as an address of another service, is passed over: an address book is full of it.
func (in *importer) readVCard(r *bufio.Reader) error {
	var card vcard
	return in.eachCard(r, &card, func(line int) error { return in.card(line, &card) })
}

// eachCard reads cards, and calls ended with the line of each one's end.
func (in *importer) eachCard(r *bufio.Reader, card *vcard, ended func(line int) error) error {
	var logical string
	start := 1
	end := func() error {
		if !card.line(logical) {
			return nil
		}
		return ended(start)
	}
	err := in.eachLine(r, func(line int, text string) error {
		// RFC 6350 §3.2: a line that begins with white space continues the one before.
		if text != "" && (text[0] == ' ' || text[0] == '\t') && len(logical) < maxImportLine {
			logical += text[1:]
			return nil
		}
		if strings.HasSuffix(logical, "=") && quotedPrintable(logical) && len(logical) < maxImportLine {
			logical += "\n" + text // RFC 2045 §6.7, in version 2.1
			return nil
		}
		err := end()
		logical = text
		start = line
		return err
	})
	if err != nil {
		return err
	}
	return end()
}

// vcard is one card as far as it is read.
type vcard struct {
	name   string
	values []string
}

const maxCardValues = 1000

// line takes a line and says whether the card ends with it.
func (c *vcard) line(text string) (done bool) {
	at := colon(text)
	if at < 0 {
		return false
	}
	head, value := text[:at], text[at+1:]
	property, params, _ := strings.Cut(head, ";")
	if quotedPrintable(text) {
		if plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(value))); err == nil {
			value = readable(string(plain))
		}
	}
	if _, rest, grouped := strings.Cut(property, "."); grouped {
		property = rest
	}
	value = strings.TrimSpace(value)
	switch strings.ToUpper(property) {
	case "BEGIN":
		*c = vcard{}
	case "END":
		return true
	case "FN":
		c.name = unescapeText(value)
	case "TEL":
		if !strings.HasPrefix(strings.ToLower(value), "tel:") {
			value = "tel:" + value
		}
		c.add(value)
	case "IMPP", "X-SIP":
		if lower := strings.ToLower(value); property == "IMPP" && !strings.HasPrefix(lower, "sip:") && !strings.HasPrefix(lower, "sips:") && !strings.Contains(strings.ToLower(params), "=sip") {
			return false
		}
		c.add(value)
	}
	return false
}

func (c *vcard) add(value string) {
	if len(c.values) < maxCardValues {
		c.values = append(c.values, value)
	}
}

// colon is where a line's value begins: parameters may have one in quotes.
func colon(line string) int {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			return i
		}
	}
	return -1
}

// quotedPrintable tells whether the value of a line is written so.
func quotedPrintable(line string) bool {
	return strings.Contains(strings.ToUpper(line[:max(colon(line), 0)]), "QUOTED-PRINTABLE")
}

// unescapeText undoes RFC 6350 §3.4.
func unescapeText(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, ",", `\;`, ";", `\n`, " ", `\N`, " ").Replace(s)
}

// card takes the values of a card that has ended.
func (in *importer) card(line int, c *vcard) error {
	for _, value := range c.values {
		text := value
		if number, ok := strings.CutPrefix(value, "tel:"); ok && !strings.ContainsAny(number, ";") {
			if text = number; strings.ContainsAny(text, "pPwW,") && !strings.Contains(text, ":") {
				text = text[:strings.IndexAny(text, "pPwW,")] // what is dialled after a pause
			}
		}
		if _, err := ParseValue(text, in.lists.cfg.Plan); err != nil {
			continue
		}
		if err := in.take(line, Entry{Value: text, Kind: in.options.Kind, Note: cut(c.name, 200)}); err != nil {
			return err
		}
	}
	*c = vcard{}
	return nil
}

func cut(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// boundedLines fails where a line does not end, before a reader behind it that keeps whole lines has filled the memory.
type boundedLines struct {
	r    io.Reader
	line int
	size int
}

const maxCSVLine = 64 << 10

// Read implements io.Reader.
func (b *boundedLines) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		if b.size++; c == '\n' {
			b.line++
			b.size = 0
		}
		if b.size > maxCSVLine {
			return 0, fmt.Errorf("line %d is longer than 64 KB", b.line+1)
		}
	}
	return n, err
}
