package stir

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatehouse.example/stir/passport"
)

// Errors of ParseHeader.
var (
	ErrHeader = errors.New("stir: malformed Identity header field")
	ErrNoInfo = errors.New("stir: Identity header field without info parameter")
	ErrInfo   = errors.New("stir: info is no absolute URI")
)

// Limits of an Identity header field.
const (
	MaxHeaderLen = 8192 // octets, as package sip has it
	MaxInfoLen   = 2048 // octets of the info URI
)

// Header is the value of one Identity header field. RFC 8224 §4.
type Header struct {
	Token      string // full, or compact: two dots and the signature
	Info       string // where the certificate is: a URI, without its brackets
	Alg        string // empty: absent
	PPT        string // empty: absent
	Extensions []Parameter
}

// Parameter is one that RFC 8224 does not define (ident-info-extension).
type Parameter struct {
	Name  string // as written
	Value string // as written, with the quotes of a quoted-string; empty: absent
}

// ParseHeader reads the value of one Identity header field, which may be folded. It follows the grammar of RFC 8224 §4
// with erratum 6499 (the token is base64url); where the older base64 alphabet stands in a token, package passport says so.
// More liberal than the grammar is one thing: ppt may be a quoted-string, as RFC 8588 §6 writes it.
func ParseHeader(value []byte) (Header, error) {
	var raw header
	if err := raw.parse(value); err != nil {
		return Header{}, err
	}
	return Header{Token: string(raw.token), Info: string(raw.info), Alg: string(raw.alg), PPT: string(raw.ppt), Extensions: raw.ext}, nil
}

// IsCompact says whether the token has the compact form.
func (h *Header) IsCompact() bool { return strings.HasPrefix(h.Token, "..") }

// AppendTo writes the value as the grammar wants it.
func (h *Header) AppendTo(dst []byte) []byte {
	dst = append(dst, h.Token...)
	dst = append(dst, ";info=<"...)
	dst = append(dst, h.Info...)
	dst = append(dst, '>')
	dst = appendParam(dst, "alg", h.Alg)
	dst = appendParam(dst, "ppt", h.PPT)
	for _, p := range h.Extensions {
		dst = append(append(dst, ';'), p.Name...)
		if p.Value != "" {
			dst = append(append(dst, '='), p.Value...)
		}
	}
	return dst
}

func appendParam(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(dst, ';'), name...)
	return append(append(dst, '='), value...)
}

// SplitList cuts the value of a header field into the comma-separated values in it; commas within quotes and brackets do
// not separate. A list that does not balance is one value. No more than most values are returned. The views share field's
// memory.
func SplitList(dst [][]byte, field []byte, most int) [][]byte {
	most += len(dst)
	if bytes.IndexByte(field, ',') < 0 {
		return appendValue(dst, field, most)
	}
	start, quoted, bracket := 0, false, false
	values := dst
	for i := 0; i < len(field); i++ {
		switch c := field[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracket:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case c == ',' && !bracket:
			values = appendValue(values, field[start:i], most)
			start = i + 1
		}
	}
	if quoted || bracket {
		return appendValue(dst, field, most)
	}
	return appendValue(values, field[start:], most)
}

func appendValue(dst [][]byte, v []byte, most int) [][]byte {
	for len(v) > 0 && isSpace(v[0]) {
		v = v[1:]
	}
	for len(v) > 0 && isSpace(v[len(v)-1]) {
		v = v[:len(v)-1]
	}
	if len(v) == 0 || len(dst) >= most {
		return dst
	}
	return append(dst, v)
}

// header is a Header in views of the message.
type header struct {
	token, info, alg, ppt []byte
	ext                   []Parameter
}

func (h *header) compact() bool { return passport.IsCompact(h.token) }

func (h *header) parse(b []byte) error {
	if len(b) > MaxHeaderLen {
		return fmt.Errorf("%w: %d octets", ErrHeader, len(b))
	}
	i := skip(b, 0, isToken64)
	h.token = b[:i]
	if !tokenShape(h.token) {
		return fmt.Errorf("%w: not a token at its start", ErrHeader)
	}
	for {
		i = skipSWS(b, i)
		if i == len(b) {
			break
		}
		if b[i] != ';' {
			return fmt.Errorf("%w: octet %d is not a semicolon", ErrHeader, i)
		}
		var err error
		if i, err = h.param(b, skipSWS(b, i+1)); err != nil {
			return err
		}
	}
	if len(h.info) == 0 {
		return ErrNoInfo
	}
	return nil
}

// tokenShape says whether there are two dots in it, or three parts' worth of octets after two leading ones. RFC 8946 and
// its div-o may nest a token in a claim, never in the field.
func tokenShape(t []byte) bool {
	return bytes.Count(t, []byte{'.'}) == 2 && t[len(t)-1] != '.'
}

// param reads the parameter at b[i] and returns the index behind it.
func (h *header) param(b []byte, i int) (int, error) {
	end := skip(b, i, isTokenChar)
	name := b[i:end]
	if len(name) == 0 {
		return 0, fmt.Errorf("%w: no parameter behind octet %d", ErrHeader, i)
	}
	i = skipSWS(b, end)
	var value []byte
	if i < len(b) && b[i] == '=' {
		i = skipSWS(b, i+1)
		n := valueLen(b[i:])
		if n <= 0 {
			return 0, fmt.Errorf("%w: no value at octet %d", ErrHeader, i)
		}
		value, end = b[i:i+n], i+n
	}
	switch {
	case equalFold(name, "info"):
		return end, h.setInfo(value)
	case equalFold(name, "alg"), equalFold(name, "ppt"):
		return end, h.setToken(name, value)
	}
	if len(value) > 0 && value[0] == '<' {
		return 0, fmt.Errorf("%w: a URI where none belongs", ErrHeader)
	}
	p := Parameter{Name: string(name), Value: string(value)}
	if slices.ContainsFunc(h.ext, func(q Parameter) bool { return strings.EqualFold(p.Name, q.Name) }) {
		return 0, fmt.Errorf("%w: a parameter twice", ErrHeader)
	}
	h.ext = append(h.ext, p)
	return end, nil
}

// setInfo takes the URI, which must stand in brackets.
func (h *header) setInfo(value []byte) error {
	n := len(value)
	if h.info != nil || n < 3 || value[0] != '<' || n > MaxInfoLen+2 {
		return fmt.Errorf("%w: info is twice, or no URI in brackets", ErrHeader)
	}
	if h.alg != nil || h.ppt != nil || h.ext != nil {
		return fmt.Errorf("%w: info is not the first parameter", ErrHeader)
	}
	h.info = value[1 : n-1]
	colon := bytes.IndexByte(h.info, ':')
	if colon < 1 || colon == len(h.info)-1 || skip(h.info, 0, isScheme) < colon || !isAlpha(h.info[0]) {
		return ErrInfo
	}
	return nil
}

// setToken takes the value of alg or ppt.
func (h *header) setToken(name, value []byte) error {
	to := &h.alg
	if equalFold(name, "ppt") {
		to = &h.ppt
		if n := len(value); n > 2 && value[0] == '"' {
			value = value[1 : n-1]
		}
	}
	if *to != nil {
		return fmt.Errorf("%w: %s twice", ErrHeader, name)
	}
	if len(value) == 0 || skip(value, 0, isTokenChar) < len(value) {
		return fmt.Errorf("%w: %s is no token", ErrHeader, name)
	}
	*to = value
	return nil
}

// valueLen returns the length of the parameter value at the start of b: a URI in brackets, a quoted-string, or a token or
// host.
func valueLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '<':
		if n := skip(b, 1, isURI); n < len(b) && b[n] == '>' {
			return n + 1
		}
		return 0
	case '"':
		for i := 1; i < len(b); i++ {
			switch c := b[i]; {
			case c == '"':
				return i + 1
			case c == '\\':
				i++
			case c < ' ' && c != '\t' || c == 0x7f:
				return 0
			}
		}
		return 0
	}
	return skip(b, 0, isGenValue)
}
