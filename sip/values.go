package sip

import (
	"bytes"
	"errors"
)

// ErrList is returned by Values.Err.
var ErrList = errors.New("sip: unbalanced quotes or brackets in a list")

// Values walks the comma-separated values of all fields of one ID in order:
//
//	for v := m.Values(sip.HeaderRoute); v.Next(); {
//		use(v.Text())
//	}
//
// Commas within quotes or angle brackets do not separate; empty elements are passed over. A header that is not a list by
// its grammar (Date, User-Agent, WWW-Authenticate, unknown ones …) has one value per field. RFC 3261 §7.3.1.
type Values struct {
	m     *Message
	id    HeaderID
	index int    // of the current field, -1 before the first
	pos   uint32 // where the next value of the field may start
	cur   Span
	bad   bool
}

// Values returns an iterator over the values of a header.
func (m *Message) Values(id HeaderID) Values {
	return Values{m: m, id: id, index: -1}
}

// Next moves to the next value. It returns false behind the last one and at a malformed list; see Err.
func (v *Values) Next() bool {
	if v.bad {
		return false
	}
	if v.index < 0 {
		v.index = int(v.m.first[v.id]) - 1
		if v.index < 0 {
			return false
		}
		v.pos = v.m.fields[v.index].Value.Start
	}
	for !v.nextInField() {
		if v.bad || !v.nextField() {
			return false
		}
	}
	return true
}

func (v *Values) nextField() bool {
	fields := v.m.fields
	for i := v.index + 1; i < len(fields); i++ {
		if fields[i].ID == v.id {
			v.index, v.pos = i, fields[i].Value.Start
			return true
		}
	}
	return false
}

// nextInField reads the value that starts at or behind pos.
func (v *Values) nextInField() bool {
	b, end := v.m.buf, v.m.fields[v.index].Value.End
	isList := headerKinds[v.id]&list != 0
	for v.pos < end && (class[b[v.pos]]&isLWS != 0 || isList && b[v.pos] == ',') {
		v.pos++
	}
	if v.pos >= end {
		return false
	}
	text := b[v.pos:end]
	n := len(text)
	if isList {
		if n = valueLen(text); n < 0 {
			v.bad = true
			return false
		}
	}
	v.cur = Span{v.pos, v.pos + uint32(len(trimLWS(text[:n])))}
	v.pos = min(v.pos+uint32(n)+1, end)
	return true
}

// valueLen returns the length of the value at the start of b, up to a comma that separates, or -1.
func valueLen(b []byte) int {
	comma := bytes.IndexByte(b, ',')
	if comma < 0 {
		return len(b)
	}
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ',':
			return i
		case '"':
			end := quotedEnd(b, i)
			if end < 0 {
				return -1
			}
			i = end - 1
		case '<':
			n := bytes.IndexByte(b[i:], '>')
			if n < 0 {
				return -1
			}
			i += n
		}
	}
	return len(b)
}

// Text returns the current value without the white space round it.
func (v *Values) Text() []byte { return v.m.Text(v.cur) }

// Span returns where the current value stands.
func (v *Values) Span() Span { return v.cur }

// Field returns the field that the current value is in.
func (v *Values) Field() Field {
	if v.index < 0 {
		return Field{}
	}
	return v.m.fields[v.index]
}

// Sole says whether the current value is the only one of its field.
func (v *Values) Sole() bool {
	w := Values{m: v.m, id: v.id, index: v.index, pos: v.Field().Value.Start}
	n := 0
	for w.nextInField() {
		n++
	}
	return n == 1
}

// Err returns ErrList if the walk ended at quotes or brackets that do not close.
func (v *Values) Err() error {
	if v.bad {
		return ErrList
	}
	return nil
}
