package text

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// The bounds of what callers say about themselves in cards.
const (
	maxCard  = 8 << 10 // octets of one card
	maxNames = 4       // names of one request
)

// CardName returns the name that a jCard gives its owner, its fn (RFC 7095 §3.3, RFC 6350 §6.2.1), empty where it has none or is no jCard.
func CardName(card string) string {
	name, _ := readCard(card)
	return name
}

// readCard returns the name in a jCard, and all values that a human may be shown.
func readCard(card string) (name, said string) {
	if len(card) > maxCard {
		return "", ""
	}
	var doc []json.RawMessage
	var kind string
	var properties [][]json.RawMessage
	if json.Unmarshal([]byte(card), &doc) != nil || len(doc) < 2 || json.Unmarshal(doc[0], &kind) != nil ||
		!strings.EqualFold(kind, "vcard") || json.Unmarshal(doc[1], &properties) != nil {
		return "", ""
	}
	var b strings.Builder
	for _, p := range properties {
		var what string
		if len(p) < 4 || json.Unmarshal(p[0], &what) != nil || strings.EqualFold(what, "version") {
			continue
		}
		for _, raw := range p[3:] {
			var value string
			if json.Unmarshal(raw, &value) != nil {
				value = strings.Join(values(raw), " ")
			}
			if name == "" && strings.EqualFold(what, "fn") {
				name = value
			}
			if value != "" && !strings.HasPrefix(value, "data:") {
				b.WriteString(value)
				b.WriteByte('\n')
			}
		}
	}
	return name, b.String()
}

// values are those of a structured property, such as a postal address. RFC 7095 §3.3.1.3.
func values(raw json.RawMessage) (out []string) {
	var all []any
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	for _, v := range all {
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// dataOf returns what a data: URI holds. RFC 2397.
func dataOf(address string) string {
	head, data, ok := strings.Cut(address, ",")
	if !ok || len(data) > 2*maxCard {
		return ""
	}
	plain := string(appendUnescaped(nil, data))
	if !strings.HasSuffix(strings.ToLower(head), ";base64") {
		return plain
	}
	plain = strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(plain)
	b, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return ""
	}
	return string(b)
}

// card takes a jCard of the caller's: its name for the eyes that look at names, all of it for those that read.
func (c *collector) card(text string) bool {
	name, said := readCard(text)
	if name != "" && len(c.names) < maxNames {
		c.names = append(c.names, name)
	}
	c.add(said)
	return name != "" || said != ""
}
