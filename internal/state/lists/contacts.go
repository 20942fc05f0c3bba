package lists

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"gatehouse.example/sip/uri"
)

// MaxContacts is how many numbers and addresses one address book may hold.
const MaxContacts = 20_000

// Contacts are the numbers and addresses of an address book.
type Contacts struct {
	// Keys are canonical numbers ("+15551230001") and addresses ("sip:bob@example.test"), as calls from them are known by, each once.
	Keys []string
	// LeftOut is how many values mean nothing here.
	LeftOut int
}

// ReadContacts reads an address book: a vCard file, a buddy list (RFC 4826), CSV as address books are exported (columns whose heading speaks of a telephone, a number or SIP), or a
// value a line. What is no number or address is left out and counted: address books are full of it.
func ReadContacts(r io.Reader, format Format, plan uri.Plan) (Contacts, error) {
	br := utf8Text(r)
	if format == Auto {
		format = detect(br)
	}
	b := book{plan: plan, seen: make(map[string]bool)}
	in := importer{}
	var err error
	switch format {
	case CSV:
		err = b.readCSV(br)
	case VCard:
		var card vcard
		err = in.eachCard(br, &card, func(int) error {
			for _, value := range card.values {
				if err := b.take(value); err != nil {
					return err
				}
			}
			return nil
		})
	case Buddies:
		err = eachBuddy(br, func(_ int, address, _ string) error { return b.take(address) })
	default:
		err = in.eachLine(br, func(_ int, text string) error {
			value, _, _ := strings.Cut(text, "#")
			return b.take(value)
		})
	}
	b.LeftOut += in.result.RefusedCount
	return b.Contacts, err
}

type book struct {
	Contacts
	plan uri.Plan
	seen map[string]bool
}

// errContacts refuses a file that is no address book of a person.
var errContacts = fmt.Errorf("lists: import: more than %d contacts: no address book of one user", MaxContacts)

func (b *book) take(value string) error {
	if value = strings.TrimSpace(value); value == "" {
		return nil
	}
	key, err := ContactKey(value, b.plan)
	switch {
	case err != nil:
		b.LeftOut++
	case b.seen[key]:
	case len(b.Keys) == MaxContacts:
		return errContacts
	default:
		b.seen[key] = true
		b.Keys = append(b.Keys, key)
	}
	return nil
}

// ContactKey is what calls from or to a number or address are known by: the number where there is one, else the address. The error wraps ErrValue.
func ContactKey(text string, plan uri.Plan) (string, error) {
	if len(text) > 4 && strings.EqualFold(text[:4], "tel:") && !strings.ContainsRune(text, ';') {
		text = strings.TrimSpace(text[4:]) // as people write it
	}
	v, err := ParseValue(text, plan)
	if err != nil {
		return "", err
	}
	switch v.Type {
	case Number:
		if callable(v.Text) {
			return v.Text, nil
		}
	case Address:
		if u, err := uri.Parse([]byte(v.Text)); err == nil {
			if number, ok := u.AppendNumber(nil, plan); ok && len(number) <= maxDigits && callable(string(number)) {
				return string(number), nil
			}
		}
		return v.Text, nil
	}
	return "", fmt.Errorf("lists: %q is neither a number nor an address: %w", text, ErrValue)
}

// callable tells a number that somebody can call from, from what a telephone dials besides: *21#, extensions in letters.
func callable(number string) bool {
	return strings.TrimLeft(strings.TrimPrefix(number, "+"), "0123456789") == "" && len(number) > 1
}

// readCSV takes the columns that hold numbers and addresses; one field may hold several, as the exports of some have it (" ::: ").
func (b *book) readCSV(r *bufio.Reader) error {
	s, _ := sheetOf(r)
	wanted := columns(s.heading)
	if s.headless {
		wanted = []int{s.value}
	}
	if len(wanted) == 0 {
		return errors.New("lists: import: no column is called phone, number, mobile or SIP")
	}
	reader, err := s.open(r)
	if err != nil {
		return fmt.Errorf("lists: import: the heading: %w", err)
	}
	reader.LazyQuotes, reader.Comment = true, 0
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lists: import: %w", err)
		}
		for _, i := range wanted {
			if i >= len(record) {
				continue
			}
			for value := range strings.SplitSeq(record[i], ":::") {
				if err := b.take(value); err != nil {
					return err
				}
			}
		}
	}
}

// columns are those that hold numbers and addresses, by what their heading says.
func columns(heading []string) (wanted []int) {
	for i, name := range heading {
		name = strings.ToLower(strings.Trim(strings.TrimSpace(name), `"`))
		if strings.HasSuffix(name, "type") || strings.HasSuffix(name, "label") {
			continue
		}
		for _, word := range [...]string{"phone", "telefo", "teléfono", "telemóvel", "móvil", "cellulare", "celular", "телефон", "電話", "电话", "mobil", "number", "nummer", "numéro", "sip", "fax"} {
			if strings.Contains(name, word) || name == "value" || name == "tel" {
				wanted = append(wanted, i)
				break
			}
		}
	}
	return wanted
}
