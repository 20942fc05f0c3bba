package lists_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/sip/uri"
)

// wide is a text in UTF-16.
func wide(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, c := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, c)
	}
	return string(b)
}

// Whatever program has written a file of values: its separators, columns and encoding are seen from how it begins.
func TestSheetsOfManyPrograms(t *testing.T) {
	const one, two = "+493012345 block bé", "+493012346 allow "
	for what, c := range map[string]struct {
		text string
		want []string
	}{
		"ours":               {"value,kind,note,expires\n+493012345,block,bé,\n+493012346,allow\n", []string{one, two}},
		"semicolons":         {"\ufeffValue;Kind;Note\r\n+493012345;Block;\"bé\"\r\n+493012346;ALLOW;\r\n;;\r\n", []string{one, two}},
		"tabs":               {"note\tvalue\nbé\t+493012345\n", []string{one}},
		"Excel":              {"sep=;\r\nDate;Phone Number;Reason\r\n2026-01-01;+49 (0)30 12345;bé\r\n", []string{one}},
		"without a heading":  {"# bought\n+493012345,block,bé\n+493012346,allow\n", []string{one, two}},
		"UTF-16":             {wide(binary.LittleEndian, "value\tnote\r\n+493012345\tbé\r\n"), []string{one}},
		"UTF-16, the other":  {wide(binary.BigEndian, "+493012345 # bé\r\n"), []string{one}},
		"UTF-16, cut":        {wide(binary.LittleEndian, "+493012345 # bé\n") + "\x00", []string{one}},
		"Latin-1":            {"+493012345 # b\xe9\n", []string{one}},
		"addresses":          {"IP,Country\n192.0.2.7,US\n", []string{"192.0.2.7 block "}},
		"a line with commas": {"+493012345 # bé\nevil.test # a, b\n", []string{one, "evil.test block a, b"}},
	} {
		l := newLists(nil)
		_, err := l.Import(context.Background(), "x", strings.NewReader(c.text), lists.ImportOptions{})
		var got []string
		for _, e := range l.Entries("x") {
			got = append(got, fmt.Sprintf("%s %s %s", e.Value, e.Kind, e.Note))
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}

func TestCardsOfOldPhones(t *testing.T) {
	card := "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen =\r\nM=C3=BCller\r\nTEL;CELL;X-A=\"a:b\":+49 (0)170 1234567 p 12\r\nEND:VCARD\r\n"
	l := newLists(nil)
	if _, err := l.Import(context.Background(), "x", strings.NewReader(card), lists.ImportOptions{Kind: lists.Allow}); err != nil {
		t.Fatal(err)
	}
	if e := l.Entries("x"); len(e) != 1 || e[0].Value != "+491701234567" || e[0].Note != "Jürgen Müller" {
		t.Errorf("got %+v", e)
	}
}

func TestBuddyLists(t *testing.T) {
	doc := "<?xml version='1.0' encoding='UTF-16'?><resource-lists xmlns='urn:ietf:params:xml:ns:resource-lists'><list name='friends'>" +
		"<entry uri='sip:Bill@far.test'><display-name>Bill &lt;é&gt;</display-name></entry>\n<list><entry uri='tel:+39-06-123456'/></list>" +
		"<entry uri='xmpp:x@y.test'/><entry-ref ref='a'/><external anchor='b'/></list></resource-lists>"
	if _, err := newLists(nil).Import(context.Background(), "x", strings.NewReader("<?xml version='1.0'?><html><entry uri='sip:a@b.test'/></html>"), lists.ImportOptions{}); err == nil {
		t.Error("a page is a buddy list")
	}
	for _, text := range []string{doc, wide(binary.BigEndian, doc)} {
		l := newLists(nil)
		if _, err := l.Import(context.Background(), "x", strings.NewReader(text), lists.ImportOptions{Kind: lists.Allow}); err != nil {
			t.Fatal(err)
		}
		if e := l.Entries("x"); len(e) != 2 || e[0].Value != "+3906123456" || e[1].Value != "sip:Bill@far.test" || e[1].Note != "Bill <é>" {
			t.Errorf("got %+v", e)
		}
		book, err := lists.ReadContacts(strings.NewReader(text), lists.Auto, uri.Plan{})
		if err != nil || !slices.Equal(book.Keys, []string{"sip:Bill@far.test", "+3906123456"}) || book.LeftOut != 1 {
			t.Errorf("got %+v, %v", book, err)
		}
	}
}

func TestAddressesAsFirewallsWroteThem(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.*": "192.0.2.0/24", "198.51.*.*": "198.51.0.0/16", "198.51.*": "198.51.0.0/16", "192.0.2.7/255.255.255.0": "192.0.2.0/24",
		"192.0.2.0/255.0.255.0": "", "300.1.2.*": "", "1.2.3.*4": "", "+493012..": "", "2..3": "",
		"030.123.456": "030123456", "01.23.45.67.89": "0123456789", "+39 (0)6 123456": "+3906123456", "+44 (0)20 7946 0123": "+442079460123",
	} {
		v, err := lists.ParseValue(text, uri.Plan{})
		if want == "" && err == nil || want != "" && (err != nil || v.Text != want) {
			t.Errorf("%s: %q, %v, want %q", text, v.Text, err, want)
		}
	}
}
