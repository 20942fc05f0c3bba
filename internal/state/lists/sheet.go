package lists

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// sheet is how a CSV file is laid out: what stands between the fields, and in which columns what is.
type sheet struct {
	comma                      rune
	preface                    bool // the first line says what stands between the fields, as Excel writes it
	headless                   bool // the first record is one of values
	heading                    []string
	value, kind, note, expires int // -1: no such column
}

// ours is the layout of our own files, and of those without a heading.
var ours = [...]string{"value", "kind", "note", "expires"}

// sheetOf sees from how a file begins how it is laid out; false where it is no CSV.
func sheetOf(br *bufio.Reader) (s sheet, ok bool) {
	head, _ := br.Peek(maxImportLine)
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if sep, is := strings.CutPrefix(text, "sep="); is && len(sep) == 1 {
			s.comma, s.preface = rune(sep[0]), true
			continue
		}
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		if s.comma == 0 {
			s.comma = ','
			for _, c := range []rune{';', '\t'} {
				if strings.Count(text, string(c)) > strings.Count(text, string(s.comma)) {
					s.comma = c
				}
			}
		}
		return s, strings.ContainsRune(text, s.comma) && s.read(text)
	}
	return s, false
}

// read finds the columns by the first line.
func (s *sheet) read(line string) bool {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes = s.comma, true
	fields, err := r.Read()
	if err != nil {
		return false
	}
	s.value, s.kind, s.note, s.expires = -1, -1, -1, -1
	for i, name := range fields {
		fields[i] = strings.ToLower(strings.TrimSpace(name))
	}
	s.heading = fields
	var block Kind
	s.headless = len(fields) > 1 && block.UnmarshalText([]byte(fields[1])) == nil
	if s.headless || slices.Equal(fields, ours[:min(len(fields), len(ours))]) {
		s.value, s.kind, s.note, s.expires = 0, 1, 2, 3
		return true
	}
	for i, name := range fields {
		switch name {
		case "value":
			s.value = i
		case "kind":
			s.kind = i
		case "note", "notes", "comment", "comments", "reason", "description", "remark":
			s.note = i
		case "expires", "expiry", "expiration":
			s.expires = i
		case "ip", "ip address", "address", "network", "cidr", "prefix", "domain", "uri", "user agent", "user-agent":
			if s.value < 0 {
				s.value = i
			}
		}
	}
	if wanted := columns(fields); s.value < 0 && len(wanted) > 0 {
		s.value = wanted[0]
	}
	return s.value >= 0
}

// open returns a reader that stands behind the heading.
func (s *sheet) open(br *bufio.Reader) (*csv.Reader, error) {
	r := csv.NewReader(&boundedLines{r: br})
	r.Comma, r.Comment, r.FieldsPerRecord, r.ReuseRecord = s.comma, '#', -1, true
	lines := 0
	if s.preface {
		lines++
	}
	if !s.headless {
		lines++
	}
	for range lines {
		if _, err := r.Read(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// field is one of a record, or empty.
func field(record []string, i int) string {
	if i < 0 || i >= len(record) {
		return ""
	}
	return strings.TrimSpace(record[i])
}

// utf8Text takes a byte order mark away, and makes UTF-8 of UTF-16, which spreadsheets write.
func utf8Text(r io.Reader) *bufio.Reader {
	br := bufio.NewReaderSize(r, maxImportLine)
	switch mark, _ := br.Peek(3); {
	case bytes.HasPrefix(mark, []byte("\ufeff")):
		br.Discard(3)
	case bytes.HasPrefix(mark, []byte{0xFF, 0xFE}):
		br.Discard(2)
		return bufio.NewReaderSize(&wideText{br, binary.LittleEndian}, maxImportLine)
	case bytes.HasPrefix(mark, []byte{0xFE, 0xFF}):
		br.Discard(2)
		return bufio.NewReaderSize(&wideText{br, binary.BigEndian}, maxImportLine)
	}
	return br
}

// wideText reads UTF-16 as UTF-8.
type wideText struct {
	in    *bufio.Reader
	order binary.ByteOrder
}

// Read implements io.Reader.
func (w *wideText) Read(p []byte) (n int, err error) {
	for n+utf8.UTFMax <= len(p) {
		c, err := w.unit()
		if err == nil && utf16.IsSurrogate(c) {
			var low rune
			if low, err = w.unit(); err == nil {
				c = utf16.DecodeRune(c, low)
			}
		}
		if err != nil {
			return n, err
		}
		n += utf8.EncodeRune(p[n:], c)
	}
	return n, nil
}

// unit reads half of a character or a whole one; half an unit at the end is none.
func (w *wideText) unit() (rune, error) {
	b, err := w.in.Peek(2)
	if len(b) < 2 {
		return 0, err
	}
	c := w.order.Uint16(b)
	w.in.Discard(2)
	return rune(c), nil
}

// readable is a text as it was meant: what is no UTF-8 is Latin-1, which old programs write.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	all := make([]rune, len(s))
	for i := range len(s) {
		all[i] = rune(s[i])
	}
	return string(all)
}
