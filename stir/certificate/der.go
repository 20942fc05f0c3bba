package certificate

// The tags of DER that the extensions of this package use.
const (
	tagBoolean  = 0x01
	tagInteger  = 0x02
	tagUTF8     = 0x0c
	tagSequence = 0x30
	tagIA5      = 0x16
)

// readDER takes one value off b: its tag, its contents, and what follows. Only DER passes: tags of one octet, definite
// lengths in their shortest form, nothing that reaches beyond b.
func readDER(b []byte) (tag byte, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	tag, length, b := b[0], int(b[1]), b[2:]
	if length >= 0x80 {
		octets := length & 0x7f
		if octets == 0 || octets > 3 || octets > len(b) || b[0] == 0 {
			return 0, nil, nil, false
		}
		length = 0
		for _, o := range b[:octets] {
			length = length<<8 | int(o)
		}
		if length < 0x80 {
			return 0, nil, nil, false
		}
		b = b[octets:]
	}
	if length > len(b) {
		return 0, nil, nil, false
	}
	return tag, b[:length], b[length:], true
}

// readOnly reads one value with that tag, which must be all of b.
func readOnly(b []byte, want byte) (body []byte, ok bool) {
	tag, body, rest, ok := readDER(b)
	return body, ok && tag == want && len(rest) == 0
}

// appendDER writes one value. Contents are below 16 MiB, as everything here is.
func appendDER(b []byte, tag byte, body []byte) []byte {
	n := len(body)
	switch {
	case n < 0x80:
		b = append(b, tag, byte(n))
	case n < 0x100:
		b = append(b, tag, 0x81, byte(n))
	case n < 0x10000:
		b = append(b, tag, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, tag, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, body...)
}

// printable says whether s is one to limit octets of visible ASCII.
func printable(s []byte, limit int) bool {
	if len(s) == 0 || len(s) > limit {
		return false
	}
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
