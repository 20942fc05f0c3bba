package sip

import "bytes"

// Span is a part of a message, as offsets into [Message.Bytes].
type Span struct{ Start, End uint32 }

// Len returns the number of octets.
func (s Span) Len() int { return int(s.End - s.Start) }

// Field is one header field.
type Field struct {
	ID    HeaderID
	Line  Span // the whole line or lines, with folding and the final CRLF
	Name  Span
	Value Span // without the white space round it; it may hold folding
}

// scanner walks the lines of a header section.
type scanner struct {
	b     []byte
	pos   int // where the next line starts; after a fault, the octet at fault
	lines int // line ends seen
}

// Outcomes of scanner.field other than a fault, which is a text.
const (
	scanned    = ""
	incomplete = "header section not terminated"
)

// field reads the field at pos, which is not the empty line, into f. RFC 3261 §7.3.1, §25.1: white space may precede the
// colon, and a line that starts with white space continues the one before.
func (s *scanner) field(f *Field) (fault string) {
	b, start := s.b, s.pos
	n := bytes.IndexByte(b[start:], ':')
	if n < 0 {
		return s.noColon(len(b))
	}
	colon := start + n
	nameEnd := colon
	f.ID = ParseHeaderID(b[start:nameEnd])
	if f.ID == HeaderUnknown { // a known name needs no check of its characters
		for nameEnd > start && (b[nameEnd-1] == ' ' || b[nameEnd-1] == '\t') {
			nameEnd--
		}
		if nameEnd == start || skip(b[:nameEnd], start, isToken) != nameEnd {
			return s.noColon(colon)
		}
		f.ID = ParseHeaderID(b[start:nameEnd])
	}
	i := colon + 1
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	end, fault := s.lineEnd(i)
	if fault != scanned {
		return fault
	}
	for i < end && class[b[i]]&isLWS != 0 {
		i++
	}
	valueEnd := end
	for valueEnd > i && class[b[valueEnd-1]]&isLWS != 0 {
		valueEnd--
	}
	f.Name = Span{uint32(start), uint32(nameEnd)}
	f.Value = Span{uint32(i), uint32(valueEnd)}
	f.Line = Span{uint32(start), uint32(s.pos)}
	return scanned
}

// noColon says what is wrong with a line that has no name and colon before limit: perhaps only that it is not all there.
func (s *scanner) noColon(limit int) (fault string) {
	i := skip(s.b[:limit], s.pos, isToken)
	if i > s.pos {
		for i < limit && (s.b[i] == ' ' || s.b[i] == '\t') {
			i++
		}
	}
	if i == len(s.b) {
		return incomplete
	}
	s.pos = i
	return "malformed header field name"
}

// lineEnd returns the index of the CRLF that ends the line or, with folding, the lines that b[i] is in, and moves behind
// it.
func (s *scanner) lineEnd(i int) (end int, fault string) {
	b := s.b
	for {
		n := indexLF(b[i:])
		if n < 0 {
			return 0, incomplete
		}
		i += n
		if i == 0 || b[i-1] != '\r' {
			s.pos = i
			return 0, "line feed without carriage return"
		}
		s.lines++
		i++
		if i == len(b) {
			return 0, incomplete
		}
		if b[i] != ' ' && b[i] != '\t' {
			s.pos = i
			return i - 2, scanned
		}
	}
}

// atEmptyLine says whether the header section ends at pos.
func (s *scanner) atEmptyLine() bool {
	return s.pos+1 < len(s.b) && s.b[s.pos] == '\r' && s.b[s.pos+1] == '\n'
}
