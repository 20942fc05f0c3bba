package sip

import (
	"bytes"
	"cmp"
	"slices"
)

// Edit is a set of splices over a parsed message: AppendTo writes the message with them, and every octet that no splice
// touches as it came. The offsets are always those of the original message; the order of calls matters only for texts
// inserted at one place. Texts are copied into the Edit. An Edit is reused by Begin and then does not allocate.
type Edit struct {
	m    *Message
	ops  []splice
	text []byte
}

// splice replaces octets start to end by text.
type splice struct{ start, end, text, textEnd uint32 }

// Begin forgets all splices and takes m, which must have been parsed without error, as the original.
func (e *Edit) Begin(m *Message) {
	e.m = m
	e.ops = e.ops[:0]
	e.text = e.text[:0]
}

// Replace puts text in place of s.
func (e *Edit) Replace(s Span, text []byte) {
	at := uint32(len(e.text))
	e.text = append(e.text, text...)
	e.ops = append(e.ops, splice{s.Start, s.End, at, uint32(len(e.text))})
}

// Insert puts text before the octet at offset at. A header field is inserted as a whole line with its CRLF at the start of
// another one's Line, or at HeadersEnd.
func (e *Edit) Insert(at uint32, text []byte) { e.Replace(Span{at, at}, text) }

// Delete removes s. Deletions may overlap; a text whose place lies within a deletion, not at its borders, goes with it.
func (e *Edit) Delete(s Span) { e.Replace(s, nil) }

// Unfold takes out the folds behind which a reader that takes lines for fields would find one, or the end of them all, that nobody else has seen there:
// each becomes a space (RFC 3261 §7.3.1). All others stay as they came. Call it behind the edits that insert texts at the end of a value.
func (e *Edit) Unfold() {
	if !e.m.folded {
		return
	}
	b := e.m.buf
	for i := range e.m.fields {
		line := e.m.fields[i].Line
		for at, end := int(line.Start), int(line.End)-2; ; {
			n := lineBreak(b[at:end])
			if n < 0 {
				break
			}
			start := at + n
			at = skipLWS(b[:end], start)
			if misleading(b[start:at], b[at:end]) {
				e.Replace(Span{uint32(start), uint32(at)}, []byte{' '})
			}
		}
	}
}

// misleading tells whether a fold, with the lines of white space in it, or the line behind it looks like the end of the fields or like a field. For
// many readers vertical tabs and form feeds are white space too.
func misleading(fold, behind []byte) bool {
	line := behind
	if n := lineBreak(behind); n >= 0 {
		line = behind[:n]
	}
	if len(bytes.TrimSpace(line)) == 0 || bytes.Count(fold, []byte{'\n'}) > 1 {
		return true
	}
	name := skip(behind, 0, isToken)
	colon := name
	for colon < len(behind) && (behind[colon] == ' ' || behind[colon] == '\t') {
		colon++
	}
	if name == 0 || colon == len(behind) || behind[colon] != ':' {
		return false
	}
	b := behind[:name] // no host, and no address
	return bytes.IndexByte(b, '.') < 0 && !equalFold(b, "sip") && !equalFold(b, "sips") && !equalFold(b, "tel")
}

// DeleteField removes a whole header field.
func (e *Edit) DeleteField(f Field) { e.Delete(f.Line) }

// DeleteValue removes the current value of v and the comma that goes with it; with the last value of a field, the field.
func (e *Edit) DeleteValue(v *Values) {
	next := *v
	end := v.cur.End
	if next.nextInField() {
		end = next.cur.Start
	}
	e.Delete(Span{v.cur.Start, end})
	e.tidyField(v)
}

// tidyField removes the comma that is left before deleted values at the end of a field, or the field if no value is left.
func (e *Edit) tidyField(v *Values) {
	for w := *v; w.nextInField(); {
		if !e.deleted(w.cur) {
			return // a value that stays follows
		}
	}
	f := v.Field()
	w := Values{m: v.m, id: v.id, index: v.index, pos: f.Value.Start}
	kept, last := uint32(0), uint32(0) // ends of the last value that stays and of the last one
	for w.nextInField() {
		last = w.cur.End
		if !e.deleted(w.cur) {
			kept = last
		}
	}
	switch {
	case kept == 0:
		e.DeleteField(f)
	case kept < last:
		e.Delete(Span{kept, last})
	}
}

func (e *Edit) deleted(s Span) bool {
	for _, op := range e.ops {
		if op.start <= s.Start && s.End <= op.end {
			return true
		}
	}
	return false
}

// AppendTo writes the edited message. It may be called more than once.
func (e *Edit) AppendTo(dst []byte) []byte {
	e.sort()
	b, pos := e.m.buf, uint32(0)
	for i := 0; i < len(e.ops); {
		at := e.ops[i].start
		inside := at < pos
		if !inside {
			dst = append(dst, b[pos:at]...)
			pos = at
		}
		for ; i < len(e.ops) && e.ops[i].start == at; i++ {
			op := e.ops[i]
			if !inside {
				dst = append(dst, e.text[op.text:op.textEnd]...)
			}
			pos = max(pos, op.end)
		}
	}
	return append(dst, b[pos:]...)
}

// sort orders the splices by place, those at one place as they came. There are few, and mostly in order already; but a sender can have thousands of
// folds undone.
func (e *Edit) sort() {
	if len(e.ops) > 64 {
		slices.SortStableFunc(e.ops, func(a, b splice) int { return cmp.Compare(a.start, b.start) })
		return
	}
	for i := 1; i < len(e.ops); i++ {
		for j := i; j > 0 && e.ops[j].start < e.ops[j-1].start; j-- {
			e.ops[j], e.ops[j-1] = e.ops[j-1], e.ops[j]
		}
	}
}
