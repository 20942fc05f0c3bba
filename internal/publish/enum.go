package publish

import (
	"errors"
	"fmt"
	"strings"

	"gatehouse.example/sip/uri"
)

// Tree is the domain below which ENUM has the numbers of the world. RFC 6116.
const Tree = "e164.arpa"

// Bounds of what a record is made of.
const (
	maxDigits = 15  // of an E.164 number
	maxString = 255 // octets of a <character-string>: RFC 1035 §3.3
	maxLabel  = 63  // octets of a label, and of a name: RFC 1035 §2.3.4
	maxName   = 253 // as text, without the final dot
)

// Errors of ParseNumber and NewRecord.
var (
	// ErrNumber is wrapped where something is no number that ENUM could be asked for.
	ErrNumber = errors.New("publish: not an E.164 number; write it as +15551230001")
	// ErrRecord is wrapped where a number and an address make no record.
	ErrRecord = errors.New("publish: no ENUM record")
)

// Number is an E.164 number as ENUM starts from it, the Application Unique String: "+15551230001". RFC 6116.
type Number struct{ text string }

// ParseNumber reads a number with its "+", with or without visual separators. One with an extension or another parameter is refused: ENUM has none.
func ParseNumber(text string) (Number, error) {
	a, err := Parse(text)
	n := a.text
	if err != nil || a.host != "" || strings.Contains(text, ";") || !strings.HasPrefix(n, "+") || n[1] == '0' || len(n) > 1+maxDigits {
		return Number{}, fmt.Errorf("%w: %q", ErrNumber, text)
	}
	return Number{n}, nil
}

// String returns the number with its "+" and without separators.
func (n Number) String() string { return n.text }

// Record is a NAPTR record that leads from a number to an address (RFC 6116), to be put into the zone that has the number.
type Record struct {
	// Number is the number, Address what it leads to.
	Number  string `json:"number"`
	Address string `json:"address"`
	// Name is the owner name with its final dot: "1.0.0.0.3.2.1.5.5.5.1.e164.arpa.".
	Name string `json:"name"`
	// Data is what stands behind "NAPTR" in a zone file: order, preference, flags, services, regexp and replacement.
	Data string `json:"data"`
}

// NewRecord makes the record of a number below a tree, [Tree] for the public one.
//
// The regexp leads from whatever was asked for to the address. Its delimiter is always "!", since there are clients that know no other; a "!" in the address is
// written %21, which means the same (RFC 3261 §19.1.4). No SIP URI holds a backslash, which would be a back-reference, or a quotation mark, so that nothing in
// it has to be escaped for the zone file (RFC 1035 §5.1).
func NewRecord(n Number, a Address, tree string) (Record, error) {
	name, err := key(n, tree)
	if err != nil {
		return Record{}, err
	}
	if a.host == "" {
		return Record{}, fmt.Errorf("%w: %s is a number and no SIP address", ErrRecord, a)
	}
	regexp := "!^.*$!" + strings.ReplaceAll(a.link, "!", "%21") + "!"
	if len(regexp) > maxString {
		return Record{}, fmt.Errorf("%w: the address of %d octets is too long for it", ErrRecord, len(a.link))
	}
	return Record{Number: n.text, Address: a.text, Name: name + ".", Data: `100 10 "u" "E2U+sip" "` + regexp + `" .`}, nil
}

// String is the record as a line of a zone file, without its TTL and without the end of the line. RFC 1035 §5.1.
func (r Record) String() string { return r.Name + " IN NAPTR " + r.Data }

// key is the domain name of a number: its digits in reverse order, each a label, below the tree. RFC 6116.
func key(n Number, tree string) (string, error) {
	host := []byte(strings.TrimSuffix(tree, "."))
	if _, literal := uri.ParseHost(host); literal || len(host) == 0 || uri.HostLen(host) != len(host) {
		return "", fmt.Errorf("%w: the tree is not a domain: %q", ErrRecord, tree)
	}
	var b strings.Builder
	for i := len(n.text) - 1; i > 0; i-- { // the "+" stands at 0
		b.WriteByte(n.text[i])
		b.WriteByte('.')
	}
	b.Write(uri.AppendHost(nil, host))
	name := b.String()
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > maxLabel || len(name) > maxName {
			return "", fmt.Errorf("%w: the tree is too long for a domain: %q", ErrRecord, tree)
		}
	}
	return name, nil
}
