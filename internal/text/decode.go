package text

import (
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decodeTransfer undoes a Content-Transfer-Encoding, as far as the data can be read, up to limit octets of it.
func decodeTransfer(name string, data []byte, limit int) []byte {
	if len(data) > limit {
		data = data[:limit]
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "base64":
		return decodeBase64(data)
	case "quoted-printable":
		return decodeQuoted(data)
	}
	return data
}

// decodeBase64 skips what is not of the alphabet, as readers do.
func decodeBase64(data []byte) []byte {
	digits := make([]byte, 0, len(data))
	for _, b := range data {
		switch {
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', '0' <= b && b <= '9', b == '+', b == '/':
			digits = append(digits, b)
		}
	}
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, _ := base64.RawStdEncoding.Decode(out, digits)
	return out[:n]
}

// decodeQuoted undoes quoted-printable (RFC 2045 §6.7); what is no escape stands for itself.
func decodeQuoted(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] != '=' {
			out = append(out, data[i])
			continue
		}
		if i+2 < len(data) {
			hi, ok1 := unhex(data[i+1])
			lo, ok2 := unhex(data[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		switch {
		case i+1 < len(data) && data[i+1] == '\n':
			i++
		case i+2 < len(data) && data[i+1] == '\r' && data[i+2] == '\n':
			i += 2
		default:
			out = append(out, '=')
		}
	}
	return out
}

// decodeCharset makes UTF-8 of data. A wrong or missing label is put right where the data shows it: a byte order mark, NULs at every other
// octet, octets that are no UTF-8.
func decodeCharset(label string, data []byte) string {
	label = strings.ToLower(strings.TrimSpace(label))
	switch {
	case len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff):
		label = "utf-16"
	case len(data) >= 4 && label == "" && data[0] == 0 && data[2] == 0:
		label = "utf-16be"
	case len(data) >= 4 && label == "" && data[1] == 0 && data[3] == 0:
		label = "utf-16le"
	}
	switch label {
	case "utf-16", "ucs-2", "iso-10646-ucs-2":
		return decoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(data))
	case "utf-16be":
		return decoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Bytes(data))
	case "utf-16le":
		return decoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(data))
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.Valid(data) {
			return string(data)
		}
		if len(label) == 0 || strings.Contains(label, "ascii") {
			return decoded(charmap.Windows1252.NewDecoder().Bytes(data))
		}
		return string(data)
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		if utf8.Valid(data) {
			return string(data)
		}
		enc = charmap.Windows1252
	}
	return decoded(enc.NewDecoder().Bytes(data))
}

// decoded is what could be decoded; decoders put U+FFFD for the rest.
func decoded(b []byte, _ error) string { return string(b) }

// decodeWords undoes the encoded words of RFC 2047, which SIP does not have and mail gateways send.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	if out, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		return out
	}
	return s
}

// param finds a parameter in what follows a value. Quotes stay.
func param(params, name string) string {
	for len(params) > 0 {
		var p string
		p, params = cutParam(params)
		key, value, ok := strings.Cut(p, "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			value = strings.TrimSpace(value)
			if name != "text" && name != "call-reason" {
				value = quoted(value)
			}
			return value
		}
	}
	return ""
}

// cutParam cuts at the next ';' that stands outside quotes.
func cutParam(s string) (first, rest string) {
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case in && s[i] == '\\':
			i++
		case s[i] == '"':
			in = !in
		case s[i] == ';' && !in:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// quoted takes the quotes and backslashes off a quoted string.
func quoted(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, ";")
	return strings.TrimSpace(word)
}

// clip keeps a name from the network short.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 60)], "") }
