package publish_test

import (
	"errors"
	"html"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatehouse.example/internal/publish"
)

func parse(t testing.TB, text string) publish.Address {
	t.Helper()
	a, err := publish.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func chance() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"bob@example.test": "bob@example.test", " sip:Bob@Example.TEST;transport=tcp ": "Bob@example.test", "sips:bob@example.test": "bob@example.test",
		"+1 555 123-0001": "+15551230001", "tel:+15551230001": "+15551230001",
	} {
		if a, err := publish.Parse(text); err != nil || a.String() != want {
			t.Errorf("%q: %q, %v", text, a, err)
		}
	}
	for _, bad := range []string{"", "bob", "@example.test", "sip:example.test", "+", "tel:x", "<script>@x"} {
		if a, err := publish.Parse(bad); !errors.Is(err, publish.ErrAddress) {
			t.Errorf("%q became %q, %v", bad, a, err)
		}
	}
}

// shown is what a browser without scripts shows of a form.
func shown(form publish.Form) string {
	text := regexp.MustCompile(`<span hidden>[a-z]*</span>|<script>.*</script>`).ReplaceAllString(form.HTML, "")
	text = html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, ""))
	if form.Name != "reversed" {
		return text
	}
	b := []byte(text)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func TestPeopleReadItAndHarvestersDoNot(t *testing.T) {
	harvester := regexp.MustCompile(`(?i)[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}|sips?:[a-z]|tel:|\+?[0-9]{8,}`)
	for address, words := range map[string]string{"bob.smith@example.test": "bob dot smith at example dot test", "+15551230001": "plus 1 5 5 5 1 2 3 0 0 0 1"} {
		forms := parse(t, address).Forms(chance())
		if len(forms) < 5 {
			t.Errorf("%d forms", len(forms))
		}
		for _, f := range forms {
			want := address
			if f.Name == "words" || f.Name == "script" {
				want = words
			}
			if got := shown(f); got != want {
				t.Errorf("%s shows %q", f.Name, got)
			}
			if found := harvester.FindString(strings.ReplaceAll(f.HTML, "<span hidden>", "")); found != "" {
				t.Errorf("%s: a harvester finds %q in %s", f.Name, found, f.HTML)
			}
			if strings.Contains(f.HTML, "<img") {
				t.Errorf("%s has an image", f.Name)
			}
		}
	}
}

func TestScriptHoldsTheLink(t *testing.T) {
	forms := parse(t, "bob@example.test").Forms(chance())
	m := regexp.MustCompile(`data-c="([0-9 ]+)" data-k="([0-9]+)"`).FindStringSubmatch(forms[len(forms)-1].HTML)
	if m == nil {
		t.Fatal(forms[len(forms)-1].HTML)
	}
	key, _ := strconv.Atoi(m[2])
	var link []byte
	for _, c := range strings.Fields(m[1]) {
		n, _ := strconv.Atoi(c)
		link = append(link, byte(n^key))
	}
	if string(link) != "sip:bob@example.test" {
		t.Errorf("got %s", link)
	}
}

func TestTraps(t *testing.T) {
	r := chance()
	seen := map[string]bool{}
	for range 1000 {
		trap, err := publish.Trap("example.test", r)
		if err != nil {
			t.Fatal(err)
		}
		if trap.Domain() != "example.test" || seen[trap.String()] {
			t.Fatalf("trap %s", trap)
		}
		seen[trap.String()] = true
		if bait := trap.Bait(); !strings.Contains(bait, `href="sip:`+trap.String()+`"`) || !strings.Contains(bait, "<div hidden") {
			t.Fatalf("bait %s", bait)
		}
	}
	for _, bad := range []string{"", parse(t, "+15551230001").Domain(), "bob@example.test", "example.test:5060", "example.test;x=1", "a b"} {
		if trap, err := publish.Trap(bad, r); err == nil {
			t.Errorf("%q has the trap %s", bad, trap)
		}
	}
}

func FuzzForms(f *testing.F) {
	f.Add("bob@example.test")
	f.Add("sip:%3Cscript%3E@example.test")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := publish.Parse(text)
		if err != nil {
			return
		}
		for _, form := range a.Forms(chance()) {
			if form.Name == "script" {
				continue
			}
			if got := shown(form); form.Name != "words" && got != a.String() {
				t.Fatalf("%s of %q shows %q", form.Name, a, got)
			}
			if strings.Contains(strings.ToLower(form.HTML), "<script") {
				t.Fatalf("%s: %s", form.Name, form.HTML)
			}
		}
	})
}
