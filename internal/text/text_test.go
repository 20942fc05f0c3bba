package text

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

func request(t *testing.T, headers, contentType, body string) *sip.Message {
	t.Helper()
	raw := "MESSAGE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
		"From: \"Free money\" <sip:alice@caller.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: 1@x\r\nCSeq: 1 MESSAGE\r\n" + headers
	if contentType != "" {
		raw += "Content-Type: " + contentType + "\r\n"
	}
	raw += "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
	m := new(sip.Message)
	if err := m.Parse([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	return m
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// nested is a text within multiparts within multiparts, whose boundaries are b0, b1 …
func nested(depth int) string {
	body := "Content-Type: text/plain\r\n\r\nbuy now"
	for i := range depth {
		body = fmt.Sprintf("--b%d\r\n%s\r\n--b%d--", i, body, i)
		if i < depth-1 {
			body = fmt.Sprintf("Content-Type: multipart/mixed;boundary=b%d\r\n\r\n%s", i, body)
		}
	}
	return body
}

func TestEverythingThatCarriesTextIsRead(t *testing.T) {
	base64Body := base64.StdEncoding.EncodeToString([]byte("buy now"))
	for _, c := range []struct {
		name, headers, kind, body, want, opaque string
	}{
		{"a body", "", "text/plain", "buy now", "buy now", ""},
		{"a body without a type", "", "", "buy now", "buy now", ""},
		{"headers", "Subject: buy\r\nOrganization: Shop\r\nCall-Info: <https://shop.test/x>;purpose=info;call-reason=\"a \\\"prize\\\"\"\r\n" +
			"Reason: SIP;cause=200;text=\"call me\"\r\n", "", "", "buy\nShop\nhttps://shop.test/x a \"prize\"\ncall me", ""},
		{"latin-1", "", "text/plain; charset=ISO-8859-1", "caf\xe9", "café", ""},
		{"a wrong label", "", "text/plain", "caf\xe9", "café", ""},
		{"utf-16 by its mark", "", "text/plain", "\xff\xfeb\x00u\x00y\x00", "buy", ""},
		{"utf-16 without one", "", "text/plain", "b\x00u\x00y\x00 \x00", "buy", ""},
		{"koi8-r", "", `text/plain;charset="koi8-r"`, "\xd7\xcf\xc4\xc1", "вода", ""},
		{"gb18030", "", "text/plain; charset=gb18030", "\xc4\xe3\xba\xc3", "你好", ""},
		{"base64", "Content-Transfer-Encoding: base64\r\n", "text/plain", base64Body, "buy now", ""},
		{"html", "", "text/html", "<p>fr<b></b>ee</p><script>x()</script><a href='http://shop.test/'>here</a>&amp;", "free  http://shop.test/ here &", ""},
		{"presence", "", "application/pidf+xml", `<presence entity="pres:a@b.test"><tuple id="1"><note>buy now</note></tuple></presence>`, "buy now", ""},
		{"cpim", "", "message/cpim", "From: Alice <im:a@x>\r\nSubject: hello\r\n\r\nContent-Type: text/plain\r\n\r\nbuy now", "Alice\nhello\nbuy now", ""},
		{"sdp", "", "application/sdp", "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=Buy now\r\ni=cheap\r\nu=http://shop.test\r\nt=0 0\r\n", "Buy now\ncheap\nhttp://shop.test", ""},
		{"the name that programs give a session", "", "application/sdp", "v=0\r\ns=-\r\n", "", ""},
		{"multipart", "", `multipart/mixed; boundary="b;1"`, "preamble\r\n--b;1\r\nContent-Type: text/plain\r\n\r\none\r\n--b;1\r\n" +
			"Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/html\r\n\r\n<b>two</b>\r\n--in--\r\n--b;1\r\n\r\nthree\r\n--b;1--\r\nepilogue",
			"one\ntwo\nthree", ""},
		{"quoted-printable in a part", "", "multipart/mixed;boundary=b", "--b\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nbu=\ny=20n=6Fw\n--b--\n",
			"buy now", ""},
		{"encrypted", "", "application/pkcs7-mime; smime-type=enveloped-data", "\x30\x80", "", "application/pkcs7-mime"},
		{"an encrypted part", "", "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nx\r\n--b\r\n\r\nhello\r\n--b--", "hello", "application/pgp-encrypted"},
		{"encrypted, as a text", "", "text/plain", "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA7lZ8s\r\n-----END PGP MESSAGE-----\r\n", "", "text/plain; encrypted"},
		{"encrypted, by OTR", "", "", "?OTR:AAMDJ+MVmSfjFZcAAAAA.", "", "text/plain; encrypted"},
		{"a fragment of OTR", "", "message/cpim", "From: <im:a@x>\r\n\r\nContent-Type: text/plain\r\n\r\n?OTR|5a73a599|27e31597,00001,00003,?OTR:AAMD,", "", "text/plain; encrypted"},
		{"an offer of OTR", "", "text/plain", "?OTRv23?\nAlice wants a private conversation", "?OTRv23?\nAlice wants a private conversation", ""},
		{"signed in clear", "", "text/plain", "-----BEGIN PGP SIGNED MESSAGE-----\nbuy", "-----BEGIN PGP SIGNED MESSAGE-----\nbuy", ""},
		{"compressed", "Content-Encoding: gzip\r\n", "text/plain", "\x1f\x8b", "", "text/plain; gzip"},
		{"nested too deep", "", "multipart/mixed;boundary=b6", nested(7), "", "text/plain; nested too deep"},
		{"nested", "", "multipart/mixed;boundary=b5", nested(6), "buy now", ""},
		{"many parts", "", "multipart/mixed;boundary=b", strings.Repeat("--b\r\n\r\nx\r\n", MaxParts) + "--b\r\n\r\nbuy now\r\n--b--", strings.TrimSpace(strings.Repeat("x\n", MaxParts-1)),
			"multipart/mixed; too many parts"},
		{"a signature hides nothing", "", "multipart/signed;boundary=b", "--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--b--", "hello", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Of(request(t, c.headers, c.kind, c.body))
			if strings.TrimSpace(got.Text) != c.want && got.Text != c.want || got.Opaque != c.opaque {
				t.Errorf("%q, opaque %q; want %q, %q", got.Text, got.Opaque, c.want, c.opaque)
			}
		})
	}
}

// A caller's card is text like any other, and the name in it is for those who look at names. RFC 9796 §4, RFC 7095.
func TestNamesInCardsAreFound(t *testing.T) {
	const card = `["vcard",[["version",{},"text","4.0"],["fn",{"x":"fn"},"text","First \u0411ank"],["adr",{},"text",["","","Main St",["a"]]],["photo",{},"uri","data:x"]]]`
	const said = "First Бank\nMain St"
	data := "Call-Info: <data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(card)) + ">;purpose=jcard;verified=\"true\"\r\n"
	percent := "Call-Info: <https://a.test/i.png>;purpose=icon, <data:application/json," + strings.NewReplacer(`"`, "%22", " ", "%20", `\`, "%5C").Replace(card) +
		">;purpose=jcard;call-reason=\"a prize\"\r\n"
	parts := "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\nContent-Type: application/json\r\nContent-ID: <1@x>\r\n\r\n" + card + "\r\n--b--"
	for _, c := range []struct{ name, headers, kind, body, said, want, opaque string }{
		{"in the URI", data, "", "", said, "First Бank", ""},
		{"in the URI, percent-encoded", percent, "", "", said + "\nhttps://a.test/i.png a prize", "First Бank", ""},
		{"in the body", "Call-Info: <cid:1@x>;purpose=jcard\r\n", "multipart/mixed;boundary=b", parts, said, "First Бank", ""},
		{"without a name", "", "application/vcard+json", `["vcard",[["note",{},"text","call me"]]]`, "call me", "", ""},
		{"no card", "", "application/json", `{"fn":"x"}`, "", "", "application/json"},
		{"broken", "Call-Info: <data:application/json;base64,%%%>, <data:,>, <data:x>, <data:,[1,2]>, <data:,[\"vcard\",[[],[\"fn\"],[1,2,3,4],[\"fn\",{},\"text\",{}]]]>\r\n",
			"", "", "", "", ""},
		{"too long", "", "application/json", `["vcard",[["fn",{},"text","` + strings.Repeat("x", maxCard) + `"]]]`, "", "", "application/json"},
	} {
		got := Of(request(t, c.headers, c.kind, c.body))
		if strings.TrimSpace(got.Text) != c.said || strings.Join(got.Names, "|") != c.want || got.Opaque != c.opaque {
			t.Errorf("%s: %q names %q opaque %q; want %q, %q, %q", c.name, got.Text, got.Names, got.Opaque, c.said, c.want, c.opaque)
		}
	}
	if got := Of(request(t, strings.Repeat(data, 9), "", "")); len(got.Names) != maxNames {
		t.Errorf("%d names", len(got.Names))
	}
}

func TestDisguisesComeOff(t *testing.T) {
	for _, c := range []struct {
		written, want string
		tricks        int
	}{
		{"Free Money", "free money", 0},
		{"Frее Mоney", "free money", 2},
		{"fr\u200bee mo\u00adney", "free money", 2},
		{"ＦＲＥＥ 𝐦𝐨𝐧𝐞𝐲 ⓝⓞⓦ", "free money now", 0},
		{"F r e e   m-o-n-e-y", "free   money", 2},
		{"f.r.e.e", "free", 1},
		{"I O U", "i o u", 0},
		{"fŕéê", "free", 0},
		{"visit www . shop . com now", "visit www.shop.com now", 2},
		{"shop[.]com and shop dot net", "shop.com and shop.net", 2},
		{"hxxp : //shop.com", "http://shop.com", 1},
		{"See you. Me too. Come in. It is", "see you. me too. come in. it is", 0},
		{"می\u200cخواهم", "می" + "خواهم", 0},
		{"a\u202eb", "ab", 1},
	} {
		n := Normalise(c.written)
		if n.Folded != c.want || n.Tricks.Count() != c.tricks {
			t.Errorf("%q: %q with %+v, want %q with %d", c.written, n.Folded, n.Tricks, c.want, c.tricks)
		}
	}
	if russian := Normalise("Вода холодная, приходи завтра"); russian.Tricks.Count() != 0 {
		t.Errorf("honest Cyrillic: %+v", russian)
	}
}

func TestLinksAreFound(t *testing.T) {
	got := Links("see http://a.test/x?y, www.b.test. or c.co.uk/z and me@d.com or 3.50 e.g. this", 8)
	if want := []string{"a.test", "b.test", "c.co.uk"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDisguisedTextHasTheFeaturesOfPlainText(t *testing.T) {
	plain := featuresOf("claim your free prize money at www.shop.com today")
	for _, disguised := range []string{
		"clаim yоur frее prize mоnеy at www.shop.com today",
		"cl\u200baim your f\u200bree prize money at www . shop . com today",
		"claim your f r e e prize m-o-n-e-y at www.shop.com today",
		"cl4im your fr33 pr1ze m0ney at www.shop.com today",
	} {
		if s := shared(plain, featuresOf(disguised)); s < 0.45 {
			t.Errorf("%q shares %.2f of the features", disguised, s)
		}
	}
}

func featuresOf(s string) []uint64 {
	n := Normalise(s)
	return Append(nil, &n)
}

// shared is the part of a's features that b has.
func shared(a, b []uint64) float64 {
	n := 0
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

func TestBoundsHold(t *testing.T) {
	deep := strings.Repeat("Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n", 50) + "\r\nhello"
	if got := Body("multipart/mixed;boundary=b", []byte("--b\r\n"+deep)); !got.Cut || got.Text != "" {
		t.Errorf("nested 50 deep: %+v", got)
	}
	many := strings.Repeat("--b\r\n\r\nhello\r\n", 100000)
	if got := Body("multipart/mixed;boundary=b", []byte(many)); !got.Cut || len(got.Text) > 6*MaxParts {
		t.Errorf("100000 parts: %d octets, cut %v", len(got.Text), got.Cut)
	}
	if got := Body("text/plain", []byte(strings.Repeat("x", 1<<20))); len(got.Text) > MaxText || !got.Cut {
		t.Errorf("a megabyte: %d octets, cut %v", len(got.Text), got.Cut)
	}
	if n := len(featuresOf(strings.Repeat("ab cd ", 1<<18))); n > MaxFeatures {
		t.Errorf("%d features", n)
	}
}

// FuzzBody: whatever comes, the result is bounded, valid UTF-8, and the same each time.
func FuzzBody(f *testing.F) {
	f.Add("multipart/mixed;boundary=b", []byte("--b\r\nContent-Type: message/cpim\r\n\r\nFrom: x\r\n\r\nContent-Type: text/html; charset=utf-16\r\n\r\n<b\r\n--b--"))
	f.Add("text/plain; charset=gb18030", []byte("\xc4\xe3"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		got := Body(kind, body)
		if len(got.Text) > MaxText || got.Text != strings.ToValidUTF8(got.Text, "") {
			t.Fatalf("%d octets: %q", len(got.Text), got.Text)
		}
	})
}

// FuzzFeatures: the result is bounded, sorted and without duplicates, and what is folded once stays as it is in letters.
func FuzzFeatures(f *testing.F) {
	f.Add("F r e e www . shop . com £100 0900-123456 fr33 \u200b 你好")
	f.Fuzz(func(t *testing.T, s string) {
		n := Normalise(s)
		if len(n.Folded) > 4*MaxText {
			t.Fatalf("%d octets became %d", len(s), len(n.Folded))
		}
		out := Append(nil, &n)
		if len(out) > MaxFeatures || !slices.IsSorted(out) || len(slices.Compact(slices.Clone(out))) != len(out) {
			t.Fatalf("%d features", len(out))
		}
		Links(n.Folded, 4)
	})
}

func BenchmarkMessage(b *testing.B) {
	s := "Congratulations! You have won a £1000 prize, guaranteed. Call 09061701461 now or visit www.prize.co.uk/win. Claim code KL341. Valid 12 hours only."
	var out []uint64
	b.ReportAllocs()
	for b.Loop() {
		n := Normalise(s)
		out = Append(out[:0], &n)
	}
}
