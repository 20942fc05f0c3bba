package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/state/lists"
)

func TestENUMTrapsStandOnTheirList(t *testing.T) {
	p := newPlace(t)
	line := `6.5.4.3.2.1.0.3.9.4.e164.arpa. IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:bob@elsewhere.test!" .` + "\n"
	if out, errs, status := p.run("", "address", "enum", "+49 30 123456", "--to", "bob@elsewhere.test"); status != exitDone || out != line || errs != "" {
		t.Errorf("%d: %s%s", status, out, errs)
	}
	out, errs, status := p.run("", "address", "enum", "+4930123901", "+4930123957", "--trap", "Example.TEST", "--tree", "e164.example.net", "--for", "30d", "--json")
	var got records
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != exitDone || len(got.Records) != 2 || got.Records[0].Address == got.Records[1].Address {
		t.Fatalf("%d, %v: %s%s", status, err, out, errs)
	}
	shown, _, _ := p.run("", "list", "show", "traps", "--json")
	var page api.EntryPage
	if err := json.Unmarshal([]byte(shown), &page); err != nil || len(page.Entries) != 2 {
		t.Fatalf("%v: %s", err, shown)
	}
	for _, r := range got.Records {
		at := slices.IndexFunc(page.Entries, func(e lists.Entry) bool { return e.Value == "sip:"+r.Address })
		if at < 0 || !strings.HasSuffix(r.Address, "@example.test") || !strings.Contains(r.Data, "!sip:"+r.Address+"!") {
			t.Fatalf("%+v is not in %s", r, shown)
		}
		e := page.Entries[at]
		if !strings.HasPrefix(e.Note, "published in ENUM for "+r.Number+" below e164.example.net on 20") || time.Until(e.Expires) > 30*24*time.Hour {
			t.Errorf("%+v", e)
		}
	}
}

func TestWrongENUMCommandsSetNoTrap(t *testing.T) {
	p := newPlace(t)
	for _, wrong := range [][]string{
		{"+4930123901"}, {"--trap", "example.test"}, {"+4930123901", "--trap", "example.test", "--to", "bob@example.test"},
		{"+4930123901", "+49-30-123901", "--trap", "example.test"}, {"+4930123901", "030123957", "--trap", "example.test"}, {"+4930123901", "--trap", "bob@example.test"},
		{"+4930123901", "--trap", "elsewhere.test"}, {"+4930123901", "--trap", "example.test", "--tree", "e164..arpa"}, {"+4930123901", "--trap", "example.test", "--for", "soon"},
		{"+4930123901", "--to", "bob@example.test", "--for", "30d"}, {"+4930123901", "--to", "+4930123902"}, {"+4930123901", "--to", "bob"},
	} {
		if out, errs, status := p.run("", append([]string{"address", "enum"}, wrong...)...); status != exitUsage || out != "" || errs == "" {
			t.Errorf("%q: %d, %s%s", wrong, status, out, errs)
		}
	}
	if out, errs, _ := p.run("", "list", "show", "traps"); strings.Contains(out, "sip:") {
		t.Errorf("got %s%s", out, errs)
	}
}

// TestTrapsAreSetAllOrNone: where the server takes the first trap and refuses the second, nothing is published and the first goes again; where it does not go, it is named.
func TestTrapsAreSetAllOrNone(t *testing.T) {
	for _, stays := range []bool{false, true} {
		p := newPlace(t)
		var set, removed []string
		failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			var in api.NewEntry
			switch {
			case r.URL.Path == "/healthz":
				fmt.Fprint(w, `{"name":"gatehouse"}`)
				return
			case r.Method == "DELETE" && !stays:
				removed = append(removed, r.URL.Query().Get("value"))
				w.WriteHeader(http.StatusNoContent)
				return
			case r.Method == "POST" && len(set) == 0 && json.NewDecoder(r.Body).Decode(&in) == nil:
				set = append(set, in.Value)
				fmt.Fprint(w, `{}`)
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"detail":"the disk is full"}`)
		}))
		defer failing.Close()
		p.write("gatehouse.yaml", "console: "+failing.Listener.Addr().String()+"\ndata: .\ndomains: [{name: example.test, deliver: home}]\n")
		p.write("api.token", "token\n")
		out, errs, status := p.run("", "address", "enum", "+4930123901", "+4930123957", "--trap", "example.test")
		if status != exitFailed || out != "" || len(set) != 1 || !strings.Contains(errs, "the disk is full") {
			t.Errorf("%d: %s%s", status, out, errs)
		}
		if stays != strings.Contains(errs, "still on the list traps, though nothing is published: "+set[0]) || stays == slices.Equal(set, removed) {
			t.Errorf("%v stays: removed %v, said %s", stays, removed, errs)
		}
	}
}
