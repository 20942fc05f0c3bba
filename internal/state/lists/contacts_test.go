package lists_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/sip/uri"
)

func TestAddressBooksAreRead(t *testing.T) {
	plan := uri.Plan{Country: "1", International: "011", Trunk: "1"}
	for _, c := range []struct {
		what, text string
		want       []string
		leftOut    int
	}{
		{"vCard", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL;TYPE=CELL:(212) 555-0100\r\nTEL:+49 30 123456\r\nIMPP:sip:anna@far.test\r\nIMPP:xmpp:a@b.test\r\nEMAIL:a@b.test\r\nEND:VCARD\r\n" +
			"BEGIN:VCARD\r\nitem1.TEL:tel:+1-212-555-0100\r\nTEL:none\r\nEND:VCARD\r\n", []string{"+12125550100", "+4930123456", "sip:anna@far.test"}, 1},
		{"CSV of a provider", "Name,Given Name,Phone 1 - Type,Phone 1 - Value,E-mail 1 - Value\nAnna,Anna,Mobile,+49 30 123456 ::: (212) 555-0100,a@b.test\nBert,,,,\n",
			[]string{"+4930123456", "+12125550100"}, 0},
		{"CSV of an office", "\ufeff\"First Name\";\"Business Phone\";\"Mobile Phone\";\"Notes\"\n\"Anna\";\"+49 30 123456\";\"unknown\";\"x; y\"\n", []string{"+4930123456"}, 1},
		{"our own CSV", "value,kind,note,expires\nsip:+12125550100@far.test,allow,,\n", []string{"+12125550100"}, 0},
		{"lines", "+4930123456 # work\n\nsip:Anna@Far.test;transport=tcp\n192.0.2.7\n*.test\n+1212*\nua:x\n", []string{"+4930123456", "sip:Anna@far.test"}, 4},
		{"nothing", "", nil, 0},
	} {
		got, err := lists.ReadContacts(strings.NewReader(c.text), lists.Auto, plan)
		if err != nil || !slices.Equal(got.Keys, c.want) || got.LeftOut != c.leftOut {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

func TestAddressBooksThatAreNone(t *testing.T) {
	var long strings.Builder
	for i := range lists.MaxContacts + 1 {
		fmt.Fprintf(&long, "+1555%07d\n", i)
	}
	for what, c := range map[string]struct {
		text   string
		format lists.Format
		want   string
	}{
		"a register":         {long.String(), lists.Auto, "more than 20000 contacts"},
		"CSV without phones": {"name,address\nAnna,Berlin\n", lists.CSV, "no column is called phone"},
		"endless line":       {"phone,x\n" + strings.Repeat("1", 100_000), lists.CSV, "longer than 64 KB"},
	} {
		if _, err := lists.ReadContacts(strings.NewReader(c.text), c.format, uri.Plan{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := lists.ContactKey("example.test", uri.Plan{}); !errors.Is(err, lists.ErrValue) {
		t.Errorf("a domain: %v", err)
	}
}

// FuzzReadContacts: whatever the file, it is read to its end or refused, and what comes out is canonical.
func FuzzReadContacts(f *testing.F) {
	f.Add("BEGIN:VCARD\nTEL:+15551230001\nEND:VCARD\n", byte(0))
	f.Add("phone;x\n+15551230001;\"\n", byte(2))
	f.Add("sip:a@b.test\n", byte(1))
	f.Fuzz(func(t *testing.T, text string, format byte) {
		got, err := lists.ReadContacts(strings.NewReader(text), lists.Format(format%4), uri.Plan{})
		if err != nil {
			return
		}
		for _, key := range got.Keys {
			if again, err := lists.ContactKey(key, uri.Plan{}); err != nil || again != key {
				t.Errorf("%q becomes %q, %v", key, again, err)
			}
		}
	})
}
