package api

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/sip/uri"
)

// friends is a memory of whom users know.
type friends struct {
	known map[string][]string
	until time.Time
}

func (f *friends) Import(_ context.Context, user string, book io.Reader, format lists.Format) (string, lists.Contacts, error) {
	owner, err := lists.ContactKey(user, uri.Plan{})
	if err != nil {
		return "", lists.Contacts{}, err
	}
	read, err := lists.ReadContacts(book, format, uri.Plan{})
	if err == nil {
		f.known[owner] = read.Keys
	}
	return owner, read, err
}

func (f *friends) Expect(_ context.Context, user string, _, until time.Time) (string, error) {
	f.until = until
	return lists.ContactKey(user, uri.Plan{})
}

func (f *friends) Contacts(_ context.Context, user, after string, most int) (string, []known.Entry, error) {
	owner, err := lists.ContactKey(user, uri.Plan{})
	var all []known.Entry
	for _, peer := range f.known[owner] {
		if peer > after && (most == 0 || len(all) < most) {
			all = append(all, known.Entry{Owner: owner, Peer: peer, Imported: true, Called: 1, CallBacks: 1})
		}
	}
	return owner, all, err
}

func (f *friends) Forget(_ context.Context, user, contact string) (bool, error) {
	owner, err := lists.ContactKey(user, uri.Plan{})
	at := slices.Index(f.known[owner], contact)
	if at >= 0 {
		f.known[owner] = slices.Delete(f.known[owner], at, at+1)
	}
	return at >= 0, err
}

// Contacts are listed page by page and removed singly.
func TestContactsAreShownAndRemoved(t *testing.T) {
	f := &friends{known: map[string][]string{"sip:alice@example.test": {"+15551230001", "+15551230002", "sip:mum@example.org"}}}
	c := Local(New(Config{Token: token, People: f}))
	var seen []string
	for after := ""; ; {
		var page ContactPage
		if err := c.Do(t.Context(), "GET", "/contacts?user=alice@example.test&limit=2&after="+url.QueryEscape(after), nil, &page); err != nil || page.User != "sip:alice@example.test" {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, one := range page.Contacts {
			if !one.Imported || one.Called != 2 {
				t.Errorf("%+v", one)
			}
			seen = append(seen, one.Contact)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(seen, f.known["sip:alice@example.test"]) {
		t.Errorf("%q", seen)
	}
	for i, want := range []int{0, 404} {
		err := c.Do(t.Context(), "DELETE", "/contacts?user=alice@example.test&contact=%2B15551230002", nil, nil)
		if se, _ := err.(*StatusError); (err == nil) != (want == 0) || se != nil && se.Status != want {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, path := range []string{"/contacts?user=example.test", "/contacts?user=a@b.test&limit=x", "/contacts"} {
		if err, ok := c.Do(t.Context(), "GET", path, nil, nil).(*StatusError); !ok || err.Status != 422 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err, ok := c.Do(t.Context(), "DELETE", "/contacts?user=example.test&contact=x", nil, nil).(*StatusError); !ok || err.Status != 422 {
		t.Errorf("%v", err)
	}
}

func TestPeopleAreImportedAndExpected(t *testing.T) {
	f := &friends{known: map[string][]string{}}
	c := Local(New(Config{Token: token, People: f}))
	var done ImportedContacts
	book := strings.NewReader("BEGIN:VCARD\nFN:Anna\nTEL:+15551230001\nTEL:none\nEND:VCARD\n")
	if err := c.Do(t.Context(), "POST", "/contacts?user=alice@example.test", book, &done); err != nil || done != (ImportedContacts{"sip:alice@example.test", 1, 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	if got := f.known["sip:alice@example.test"]; len(got) != 1 || got[0] != "+15551230001" {
		t.Errorf("known: %q", got)
	}
	var e Expectation
	if err := c.Do(t.Context(), "POST", "/expectations", NewExpectation{User: "alice@example.test"}, &e); err != nil || e.User != "sip:alice@example.test" {
		t.Errorf("%+v, %v", e, err)
	}
	if left := time.Until(f.until); left > 2*time.Hour || left < 119*time.Minute || !e.Until.Equal(f.until.UTC().Truncate(time.Second)) {
		t.Errorf("expected until %v, said %v", f.until, e.Until)
	}
	for what, c2 := range map[string]struct {
		path string
		in   any
		want int
	}{
		"nobody":          {"/contacts?user=example.test", strings.NewReader("+15551230001"), 422},
		"no address book": {"/contacts?user=a@b.test&format=csv", strings.NewReader("x,y\n"), 422},
		"too large":       {"/contacts?user=a@b.test", strings.NewReader(strings.Repeat(strings.Repeat("#", 4000)+"\n", maxBook/4000)), 413},
		"for too long":    {"/expectations", NewExpectation{User: "a@b.test", Minutes: 100000}, 422},
		"nobody expects":  {"/expectations", NewExpectation{User: "example.test"}, 422},
	} {
		err := c.Do(t.Context(), "POST", c2.path, c2.in, nil)
		if se, ok := err.(*StatusError); !ok || se.Status != c2.want {
			t.Errorf("%s: %v, want %d", what, err, c2.want)
		}
	}
}

// endless is a list that never ends, and counts what was read of it.
type endless struct {
	read int
	bad  int // after so many octets a line that means nothing
}

func (e *endless) Read(p []byte) (int, error) {
	line := "# a comment that is as long as the lines of lists are\n"
	if e.read >= e.bad {
		line = "what is this\n"
	}
	n := copy(p, line)
	e.read += n
	return n, nil
}

// TestImportsAreReadAsTheyCome: the file is never in memory as a whole, so one that is wrong is refused long before its end.
func TestImportsAreReadAsTheyCome(t *testing.T) {
	c := Local(New(Config{Token: token, Lists: lists.New(lists.Config{})}))
	file := &endless{bad: 80 << 20}
	err := c.Do(t.Context(), "POST", "/lists/big/import", file, nil)
	if se, ok := err.(*StatusError); !ok || se.Status != 422 || !strings.Contains(se.Detail, "what is this") || file.read > 81<<20 {
		t.Errorf("%v, %d octets read", err, file.read)
	}
	b := &bounded{r: strings.NewReader("12345"), left: 4}
	if got, err := io.ReadAll(b); err == nil || len(got) > 4 {
		t.Errorf("%q, %v", got, err)
	}
	b = &bounded{r: strings.NewReader("1234"), left: 4}
	if got, err := io.ReadAll(b); err != nil || string(got) != "1234" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestUploadsAreDescribed: a body that no struct describes is in the document all the same.
func TestUploadsAreDescribed(t *testing.T) {
	b, err := New(Config{Token: token, Lists: lists.New(lists.Config{}), People: &friends{}}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/lists/{name}/import", "/contacts"} {
		if doc.Paths[Prefix+path]["post"].RequestBody.Content["text/plain"] == nil {
			t.Errorf("%s has no body", path)
		}
	}
}
