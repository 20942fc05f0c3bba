package fetch

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLifetimes(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	h := time.Hour
	for text, want := range map[string]lifetime{
		"":                                          {},
		"Content-Type: text/plain":                  {},
		"Cache-Control: max-age=3600":               {h, true, false},
		"cache-control: Public , MAX-AGE=3600":      {h, true, false},
		`Cache-Control: max-age="3600"`:             {h, true, false},
		"Cache-Control: max-age=3600, max-age=7200": {h, true, false},
		"Cache-Control: max-age=7200\nCache-Control: max-age=3600":                    {h, true, false},
		"Cache-Control: max-age=3600\nAge: 600":                                       {50 * time.Minute, true, false},
		"Cache-Control: max-age=3600\nAge: 7200":                                      {0, true, false},
		"Cache-Control: max-age=3600\nAge: x":                                         {h, true, false},
		"Cache-Control: max-age=3600, s-maxage=7200":                                  {2 * h, true, true},
		"Cache-Control: max-age=3600, must-revalidate":                                {h, true, true},
		"Cache-Control: no-store":                                                     {0, true, true},
		"Cache-Control: no-cache, max-age=3600":                                       {0, true, true},
		"Cache-Control: max-age=3600, no-cache":                                       {0, true, true},
		"Cache-Control: max-age":                                                      {0, true, false},
		"Cache-Control: max-age=":                                                     {0, true, false},
		"Cache-Control: max-age=-1":                                                   {0, true, false},
		"Cache-Control: max-age=1h":                                                   {0, true, false},
		"Cache-Control: max-age=1e9":                                                  {0, true, false},
		"Cache-Control: max-age=99999999999999999999999":                              {forever * time.Second, true, false},
		`Cache-Control: ext="max-age=1, no-store", max-age=3600`:                      {h, true, false},
		`Cache-Control: ext="a\"b, no-store", max-age=3600`:                           {h, true, false},
		`Cache-Control: ext="never ends, no-store`:                                    {},
		"Cache-Control: ,,, =x, ==, max-age=3600":                                     {h, true, false},
		"Expires: Sat, 21 Nov 2026 13:00:00 GMT":                                      {h, true, false},
		"Expires: Sat, 21 Nov 2026 13:00:00 GMT\nDate: Sat, 21 Nov 2026 12:30:00 GMT": {h / 2, true, false},
		"Expires: Sat, 21 Nov 2026 11:00:00 GMT":                                      {0, true, false},
		"Expires: 0":                                                                  {0, true, false},
		"Expires: Sat, 21 Nov 2026 13:00:00 GMT\nCache-Control: max-age=60":           {time.Minute, true, false},
		"Expires: Sat, 21 Nov 2026 13:00:00 GMT\nCache-Control: public\nAge: 60":      {59 * time.Minute, true, false},
		"Expires: Fri, 31 Dec 9999 23:59:59 GMT":                                      {forever * time.Second, true, false},
		"Expires: Fri, 31 Dec 9999 23:59:59 GMT\nDate: Mon, 01 Jan 0001 00:00:00 GMT\nAge: 999999999999999": {forever * time.Second, true, false},
	} {
		got := readLifetime(header(text), now)
		if strings.Contains(text, "9999 23") {
			got.fresh, want.fresh = min(got.fresh, 20*365*24*h), min(want.fresh, 20*365*24*h)
		}
		if got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func header(text string) http.Header {
	h := make(http.Header)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			h.Add(name, value)
		}
	}
	return h
}

// FuzzLifetime: the lifetime is never negative nor beyond all bounds, no-store makes it zero wherever it stands as a directive of its
// own, and a shorter max-age never makes it longer.
func FuzzLifetime(f *testing.F) {
	for _, s := range []string{"max-age=3600", `a="b, c\"", max-age=1`, "no-cache", "s-maxage=1,max-age=2", "=,=", `"`, "public"} {
		f.Add(s, "60", "Sat, 21 Nov 2026 13:00:00 GMT")
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, control, age, expires string) {
		h := http.Header{"Cache-Control": {control}, "Age": {age}, "Expires": {expires}}
		got := readLifetime(h, now)
		if got.fresh < 0 || got.fresh > forever*time.Second {
			t.Fatalf("%v", got.fresh)
		}
		h["Cache-Control"] = []string{control, "max-age=5"}
		if shorter := readLifetime(h, now); shorter.fresh > 5*time.Second && !strings.Contains(strings.ToLower(control), "s-maxage") {
			t.Fatalf("max-age=5 gives %v", shorter.fresh)
		}
		h["Cache-Control"] = []string{"no-store", control}
		if none := readLifetime(h, now); none.fresh != 0 || !none.strict {
			t.Fatalf("no-store gives %+v", none)
		}
	})
}
