package policy_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir/policy"
)

func plain(p policy.Mode) policy.Record {
	return policy.Record{Policy: p, Methods: policy.Call, Sign: policy.Stir, Percent: 100, MaxAge: policy.DefaultMaxAge}
}

func with(change func(r *policy.Record)) policy.Record {
	r := plain(policy.Enforce)
	change(&r)
	return r
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   policy.Record
		string string // as it is written back; empty: as it was read
	}{
		{"v=SIPID1; p=none", plain(policy.None), ""},
		{"v=SIPID1; p=monitor", plain(policy.Monitor), ""},
		{"v=SIPID1;p=enforce;", plain(policy.Enforce), "v=SIPID1; p=enforce"},
		{" V = SIPID1 ;; P = Enforce \t; ", plain(policy.Enforce), "v=SIPID1; p=enforce"},
		{"v=SIPID1; x-future=anything: \"you\" <like>; p=enforce", plain(policy.Enforce), "v=SIPID1; p=enforce"},
		{"v=SIPID1; p=enforce; sp=none", plain(policy.Enforce), "v=SIPID1; p=enforce"},
		{"v=SIPID1; p=none; sp=enforce", policy.Record{Subdomains: policy.Enforce, Methods: policy.Call, Sign: policy.Stir, Percent: 100, MaxAge: policy.DefaultMaxAge}, ""},
		{"v=SIPID1; p=enforce; m=call,message", with(func(r *policy.Record) { r.Methods = policy.Call | policy.Message }), ""},
		{"v=SIPID1; p=enforce; m=MESSAGE, call ,fax", with(func(r *policy.Record) { r.Methods = policy.Call | policy.Message }), "v=SIPID1; p=enforce; m=call,message"},
		{"v=SIPID1; p=enforce; m=fax", with(func(r *policy.Record) { r.Methods = 0 }), "v=SIPID1; p=enforce; m=none"},
		{"v=SIPID1; p=enforce; sign=stir-uri,tls", with(func(r *policy.Record) { r.Sign = policy.StirURI | policy.TLS }), ""},
		{"v=SIPID1; p=enforce; sign=stir-a", with(func(r *policy.Record) { r.Sign = policy.StirA }), ""},
		{"v=SIPID1; p=enforce; sign=pgp", with(func(r *policy.Record) { r.Sign = 0 }), "v=SIPID1; p=enforce; sign=none"},
		{"v=SIPID1; p=enforce; from=2027-01-31", with(func(r *policy.Record) { r.Start = time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC) }), ""},
		{"v=SIPID1; p=enforce; pct=0", with(func(r *policy.Record) { r.Percent = 0 }), ""},
		{"v=SIPID1; p=enforce; pct=025", with(func(r *policy.Record) { r.Percent = 25 }), "v=SIPID1; p=enforce; pct=25"},
		{"v=SIPID1; p=enforce; max-age=0", with(func(r *policy.Record) { r.MaxAge = 0 }), ""},
		{"v=SIPID1; p=enforce; max-age=9999999999", with(func(r *policy.Record) { r.MaxAge = policy.MaxMaxAge }), "v=SIPID1; p=enforce; max-age=31557600"},
		{"v=SIPID1; p=enforce; rua=mailto:sip@example.test,https://r.example.test/x?a=b",
			with(func(r *policy.Record) {
				r.Reports = []string{"mailto:sip@example.test", "https://r.example.test/x?a=b"}
			}), ""},
		{"v=SIPID1; p=enforce; rua=ftp://example.test", plain(policy.Enforce), "v=SIPID1; p=enforce"},
	} {
		got, err := policy.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.text, got, c.want)
		}
		if want := c.string; got.String() != want && (want != "" || got.String() != c.text) {
			t.Errorf("%s: written back as %s", c.text, got.String())
		}
	}
}

// TestBadRecordIsNoRecord: what is not understood is not enforced.
func TestBadRecordIsNoRecord(t *testing.T) {
	many := strings.Repeat("a", 40)
	tags := "v=SIPID1; p=enforce"
	for i := range 31 {
		tags += "; x" + strings.Repeat("y", i) + "=1"
	}
	for _, c := range []struct{ text, want string }{
		{"", "does not begin with v=SIPID1"},
		{"p=enforce; v=SIPID1", "does not begin with"},
		{"v=SIPID2; p=enforce", "does not begin with"},
		{"v=sipid1; p=enforce", "does not begin with"},
		{"v=SIPID1", "there is no p"},
		{"v=SIPID1; p=", `p="" means nothing`},
		{"v=SIPID1; p=quarantine", `p="quarantine" means nothing`},
		{"v=SIPID1; p=none; p=none", `"p" occurs twice`},
		{"v=SIPID1; p=none; P=none", `"p" occurs twice`},
		{"v=SIPID1; p=none; v=SIPID1", `"v" occurs twice`},
		{"v=SIPID1; p=none; x=1; x=1", `"x" occurs twice`},
		{"v=SIPID1; p=enforce; sp=yes", `sp="yes" means nothing`},
		{"v=SIPID1; p=enforce; m=", `m="" means nothing`},
		{"v=SIPID1; p=enforce; m=call,", `m="call," means nothing`},
		{"v=SIPID1; p=enforce; m=call message", `m="call message" means nothing`},
		{"v=SIPID1; p=enforce; from=tomorrow", `from="tomorrow" means nothing`},
		{"v=SIPID1; p=enforce; from=2027-02-30", "means nothing"},
		{"v=SIPID1; p=enforce; from=0001-01-01", "means nothing"},
		{"v=SIPID1; p=enforce; pct=101", "means nothing"},
		{"v=SIPID1; p=enforce; pct=-1", "means nothing"},
		{"v=SIPID1; p=enforce; pct=1000", "means nothing"},
		{"v=SIPID1; p=enforce; pct=5%", "means nothing"},
		{"v=SIPID1; p=enforce; max-age=1d", "means nothing"},
		{"v=SIPID1; p=enforce; max-age=99999999999", "means nothing"},
		{"v=SIPID1; p=enforce; rua=sip@example.test", "means nothing"},
		{"v=SIPID1; p=enforce; rua=mailto:", "means nothing"},
		{"v=SIPID1; p=enforce; rua=mailto:a,mailto:b,mailto:c,mailto:d,mailto:e", "means nothing"},
		{"v=SIPID1; p=enforce; rua=https://" + strings.Repeat(many, 5), "means nothing"},
		{"v=SIPID1; p=enforce; rua=mailto:a b", "means nothing"},
		{"v=SIPID1; p=enforce; monitor", `"monitor" is not tag=value`},
		{"v=SIPID1; p=enforce; 1=2", "is not tag=value"},
		{"v=SIPID1; p=enforce; =2", "is not tag=value"},
		{"v=SIPID1; p=enforce; x=a\x00b", "is not tag=value"},
		{"v=SIPID1; p=enforce; x=größer", "is not tag=value"},
		{"v=SIPID1; p=enforce\r\n; x=1", "is not tag=value"},
		{tags, "more than 32 tags"},
		{"v=SIPID1; p=enforce; x=" + strings.Repeat(many, 26), "octets, at most 1024"},
	} {
		got, err := policy.Parse(c.text)
		if !errors.Is(err, policy.ErrSyntax) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "policy: ") {
			t.Errorf("%.80s: %v, want %s", c.text, err, c.want)
		}
		if err != nil && !reflect.DeepEqual(got, policy.Record{}) {
			t.Errorf("%.80s: an error and %+v", c.text, got)
		}
	}
}

func TestSelect(t *testing.T) {
	const record, other = "v=SIPID1; p=enforce", "v=SIPID1; p=none"
	for _, c := range []struct {
		name  string
		texts []string
		want  error
	}{
		{"one", []string{record}, nil},
		{"one among others", []string{"v=spf1 -all", record, "v=SIPID10; p=none", ""}, nil},
		{"none", nil, policy.ErrNone},
		{"others only", []string{"v=DMARC1; p=reject", "x v=SIPID1; p=enforce"}, policy.ErrNone},
		{"two", []string{record, other}, policy.ErrSeveral},
		{"one twice", []string{record, record}, policy.ErrSeveral},
		{"two of which one is bad", []string{record, "v=SIPID1; p=?"}, policy.ErrSeveral},
		{"a bad one", []string{"v=SIPID1; p=?"}, policy.ErrSyntax},
	} {
		r, err := policy.Select(c.texts)
		if !errors.Is(err, c.want) || err == nil && r.Policy != policy.Enforce {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ domain, want string }{
		{"example.test", "example.test"},
		{"example.test.", "example.test"},
		{"sip.example.test", "sip.example.test example.test"},
		{"a.b.c.d.e.f.test", "a.b.c.d.e.f.test d.e.f.test e.f.test f.test"},
		{"_sips._tcp.example.test", "_sips._tcp.example.test _tcp.example.test example.test"},
		{"test", ""}, {"", ""}, {".", ""}, {"a..test", ""}, {".test", ""},
		{"192.0.2.1", ""}, {"[2001:db8::1]", ""}, {"1.2.3.4.", ""},
		{"anonymous.invalid", ""}, {"pc.LOCAL", ""}, {"pbx.localhost", ""}, {"x.onion", ""},
		{"bücher.test", ""}, {"a b.test", ""}, {"a\x00.test", ""},
		{strings.Repeat("a", 64) + ".test", ""},
		{strings.Repeat("a.", 125) + "test", ""},
	} {
		if got := strings.Join(policy.Names(nil, c.domain), " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.domain, got, c.want)
		}
	}
	if got := policy.Host("example.test"); got != "_sip-identity.example.test" {
		t.Errorf("asked at %s", got)
	}
}

func TestMode(t *testing.T) {
	now := time.Date(2027, 1, 30, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		text      string
		method    policy.Methods
		inherited bool
		want      policy.Mode
		day       policy.Mode // a second later
	}{
		{"v=SIPID1; p=enforce", policy.Call, false, policy.Enforce, policy.Enforce},
		{"v=SIPID1; p=enforce", policy.Message, false, policy.None, policy.None},
		{"v=SIPID1; p=enforce", policy.Call, true, policy.None, policy.None},
		{"v=SIPID1; p=none; sp=enforce", policy.Call, true, policy.Enforce, policy.Enforce},
		{"v=SIPID1; p=enforce; sp=monitor", policy.Call, true, policy.Monitor, policy.Monitor},
		{"v=SIPID1; p=enforce; from=2027-01-31", policy.Call, false, policy.Monitor, policy.Enforce},
		{"v=SIPID1; p=none; from=2027-01-31", policy.Call, false, policy.None, policy.None},
		{"v=SIPID1; p=enforce; sign=future", policy.Call, false, policy.None, policy.None},
	} {
		r, err := policy.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, day := r.Mode(c.method, c.inherited, now), r.Mode(c.method, c.inherited, now.Add(time.Second)); got != c.want || day != c.day {
			t.Errorf("%s: %s, then %s", c.text, got, day)
		}
	}
	if policy.Enforce.Milder() != policy.Monitor || policy.None.Milder() != policy.None {
		t.Error("milder is not one step down")
	}
	if policy.Mode(9).String() != "unknown" || (policy.Stir|policy.TLS).String() != "stir,tls" || policy.Methods(0).String() != "none" {
		t.Error("words")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=SIPID1; p=enforce; sp=monitor; m=call,message; sign=stir,tls; from=2027-01-31; pct=50; max-age=86400; rua=mailto:a@b.test,https://x",
		"v=SIPID1;p=none", " V=SIPID1\t;P=Monitor; x=y;;", "v=SIPID1; p=enforce; m=fax; sign=pgp", "v=SIPID1; p=enforce; pct=007", "v=DMARC1; p=reject",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := policy.Parse(text)
		if _, selectErr := policy.Select([]string{text}); (selectErr == nil) != (err == nil) {
			t.Fatalf("Parse: %v, Select: %v", err, selectErr)
		}
		if err != nil {
			return
		}
		if r.Policy > policy.Enforce || r.Subdomains > policy.Enforce || r.Percent < 0 || r.Percent > 100 || r.MaxAge < 0 || r.MaxAge > policy.MaxMaxAge ||
			len(r.Reports) > policy.MaxReports {
			t.Fatalf("out of bounds: %+v", r)
		}
		again, err := policy.Parse(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%q is written as %q and read as %+v, %v; it was %+v", text, r.String(), again, err, r)
		}
		// A tag that nobody knows yet changes nothing, unless there is no room for it.
		if grown := text + ";zz-future=1"; len(grown) <= policy.MaxRecord && strings.Count(text, "=") < policy.MaxTags && !strings.Contains(strings.ToLower(text), "zz-future") {
			if with, err := policy.Parse(grown); err != nil || !reflect.DeepEqual(with, r) {
				t.Fatalf("%q with an unknown tag: %+v, %v", text, with, err)
			}
		}
		// A second record beside it makes both void.
		if _, err := policy.Select([]string{text, "v=SIPID1; p=none"}); !errors.Is(err, policy.ErrSeveral) {
			t.Fatalf("two records: %v", err)
		}
	})
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"sip.example.test", "a.b.c.d.e", "192.0.2.1", "x..y", strings.Repeat("a.", 126) + "b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		names := policy.Names(nil, domain)
		if len(names) > 4 {
			t.Fatalf("%q: %d questions", domain, len(names))
		}
		for i, n := range names {
			if !strings.Contains(n, ".") || len(policy.Host(n)) > 253 || i == 0 && n != strings.TrimSuffix(domain, ".") || i > 0 && !strings.HasSuffix(names[0], "."+n) {
				t.Fatalf("%q: asked at %q", domain, n)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const text = "v=SIPID1; p=enforce; m=call,message; sign=stir-uri,tls; max-age=2592000; rua=mailto:sip@example.test"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNames(b *testing.B) {
	var buf [4]string
	b.ReportAllocs()
	for b.Loop() {
		policy.Names(buf[:0], "sip.eu.carrier.example.test")
	}
}
