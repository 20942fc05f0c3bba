package stir_test

import (
	"errors"
	"strings"
	"testing"

	"gatehouse.example/stir"
)

func TestHeaderIsReadAndWritten(t *testing.T) {
	for _, c := range []struct {
		in   string
		want stir.Header
		out  string // "": as in
	}{
		{in: "a.b.c;info=<https://x/y>", want: stir.Header{Token: "a.b.c", Info: "https://x/y"}},
		{in: "..c;info=<https://x/y>;alg=ES256;ppt=div", want: stir.Header{Token: "..c", Info: "https://x/y", Alg: "ES256", PPT: "div"}},
		{
			in:   "a.b.c ; INFO = <sip:x@y;z,w?q> ;\r\n PPT=\"shaken\"; ALG\t=\tx",
			want: stir.Header{Token: "a.b.c", Info: "sip:x@y;z,w?q", Alg: "x", PPT: "shaken"}, out: "a.b.c;info=<sip:x@y;z,w?q>;alg=x;ppt=shaken",
		},
		{
			in:   `a.b.c;info=<h:y>;lone;Quoted="a;\",b";host=[2001:db8::1]:5060`,
			want: stir.Header{Token: "a.b.c", Info: "h:y", Extensions: []stir.Parameter{{"lone", ""}, {"Quoted", `"a;\",b"`}, {"host", "[2001:db8::1]:5060"}}},
		},
	} {
		h, err := stir.ParseHeader([]byte(c.in))
		if err != nil || !equalHeaders(&h, &c.want) {
			t.Errorf("%q: %+v, %v", c.in, h, err)
		}
		if c.out == "" {
			c.out = c.in
		}
		if got := string(h.AppendTo(nil)); got != c.out {
			t.Errorf("%q is written as %q", c.in, got)
		}
		if h.IsCompact() != strings.HasPrefix(c.in, "..") {
			t.Errorf("%q: compact %v", c.in, h.IsCompact())
		}
	}
}

func TestMalformedHeaderFieldsAreRefused(t *testing.T) {
	for in, want := range map[string]error{
		"":                                        stir.ErrHeader,
		"a.b.c":                                   stir.ErrNoInfo,
		"a.b.c;alg=ES256;ppt=shaken":              stir.ErrNoInfo,
		"a.b;info=<h:y>":                          stir.ErrHeader,
		"a.b.c.d;info=<h:y>":                      stir.ErrHeader,
		"a.b.;info=<h:y>":                         stir.ErrHeader,
		"a.b.c=;info=<h:y>":                       stir.ErrHeader,
		"\"a.b.c\";info=<h:y>":                    stir.ErrHeader,
		"a.b.c info=<h:y>":                        stir.ErrHeader,
		"a.b.c;":                                  stir.ErrHeader,
		"a.b.c;;info=<h:y>":                       stir.ErrHeader,
		"a.b.c;info=<h:y>;":                       stir.ErrHeader,
		"a.b.c;info":                              stir.ErrHeader,
		"a.b.c;info=":                             stir.ErrHeader,
		"a.b.c;info=h:y":                          stir.ErrHeader,
		"a.b.c;info=<h:y":                         stir.ErrHeader,
		"a.b.c;info=<h y:z>":                      stir.ErrHeader,
		"a.b.c;info=<h:\"y>":                      stir.ErrHeader,
		"a.b.c;info=<h:y>\r\n;alg=x":              stir.ErrHeader, // a line break that is no fold
		"a.b.c;info=<h:y>;alg=":                   stir.ErrHeader,
		"a.b.c;info=<h:y>;alg=a,b":                stir.ErrHeader,
		"a.b.c;info=<h:y>;alg=\"ES256\"":          stir.ErrHeader,
		"a.b.c;info=<h:y>;ppt=\"\"":               stir.ErrHeader,
		"a.b.c;info=<h:y>;ppt=\"a b\"":            stir.ErrHeader,
		"a.b.c;info=<h:y>;ppt=\"a":                stir.ErrHeader,
		"a.b.c;info=<h:y>;ppt=a;PPT=a":            stir.ErrHeader,
		"a.b.c;info=<h:y>;x=1;X=2":                stir.ErrHeader,
		"a.b.c;info=<h:y>;x=<h:y>":                stir.ErrHeader,
		"a.b.c;info=<h:y>;x=\"a\x00b\"":           stir.ErrHeader,
		"a.b.c;x=1;info=<h:y>":                    stir.ErrHeader,
		"a.b.c;info=</etc/passwd>":                stir.ErrInfo,
		"a.b.c;info=<1h:y>":                       stir.ErrInfo,
		"a.b.c;info=<https:>":                     stir.ErrInfo,
		"a.b.c;info=<h:" + long(2048) + ">":       stir.ErrHeader,
		"a.b." + long(8192) + ";info=<https://x>": stir.ErrHeader,
	} {
		if _, err := stir.ParseHeader([]byte(in)); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", in, err, want)
		}
	}
}

func long(n int) string { return strings.Repeat("a", n) }

func TestListsAreCutAtCommasThatSeparate(t *testing.T) {
	for in, want := range map[string]string{
		"a":                              "a",
		" a ,\r\n b,,c ":                 "a|b|c",
		`a;info=<h:x,y>, b;p="u,\",v",c`: `a;info=<h:x,y>|b;p="u,\",v"|c`,
		`a;info=<h:x, b`:                 `a;info=<h:x, b`,
		`a", b`:                          `a", b`,
		" , ":                            "",
	} {
		var got []string
		for _, v := range stir.SplitList(nil, []byte(in), 10) {
			got = append(got, string(v))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: %q, want %q", in, s, want)
		}
	}
}

func equalHeaders(a, b *stir.Header) bool {
	if a.Token != b.Token || a.Info != b.Info || a.Alg != b.Alg || a.PPT != b.PPT || len(a.Extensions) != len(b.Extensions) {
		return false
	}
	for i := range a.Extensions {
		if a.Extensions[i] != b.Extensions[i] {
			return false
		}
	}
	return true
}

// FuzzHeader: what is read is written as something that is read as the same, and the limits hold.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(`a.b.c;info=<https://x/y>;alg=ES256;ppt="shaken";x="a\"b"`))
	f.Add([]byte("..c\r\n ;info=<sip:x>;lone"))
	f.Add([]byte("a.b.c;info=</etc/passwd>, d.e.f;info=<h:i>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if n := len(stir.SplitList(make([][]byte, 2), in, 5)); n > 7 {
			t.Fatalf("%d values", n)
		}
		for _, v := range stir.SplitList(nil, in, 5) {
			if len(v) > len(in) {
				t.Fatal("longer than the list")
			}
		}
		h, err := stir.ParseHeader(in)
		if err != nil {
			return
		}
		if strings.ContainsAny(h.Token+h.Info+h.Alg+h.PPT, " \t\r\n\"<>\x00") || len(h.Info) > stir.MaxInfoLen || len(in) > stir.MaxHeaderLen {
			t.Fatalf("%+v", h)
		}
		out := h.AppendTo(nil)
		again, err := stir.ParseHeader(out)
		if err != nil || !equalHeaders(&h, &again) {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
	})
}
