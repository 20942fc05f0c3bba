package stir_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// A foreign token is in the form of one in the table tokens.tsv, which has not the tokens themselves: its header, its claims, and how its
// header field looks. The key is ours, so that the signature is as good or bad as the table says.
type foreign struct {
	x5u, orig, dest, origid string
	iat                     int64
	param                   string // parameters behind info
}

func (f foreign) field(w *world) string {
	header := `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"` + f.x5u + `"}`
	payload := `{"attest":"A","dest":{"tn":` + f.dest + `},"iat":` + strconv.FormatInt(f.iat, 10) + `,"orig":{"tn":"` + f.orig + `"},"origid":"` + f.origid + `"}`
	return w.raw(header, payload) + ";info=<" + f.x5u + ">" + f.param
}

var (
	cgrates = foreign{"/usr/share/cgrates/stir/stir_pubkey.pem", "1001", `["1002"]`, "123456", 1587038802, ";ppt=shaken"}
	sems    = foreign{certURL, "", `[""]`, "c99d9e7f-d1b3-4c92-b333-e5e5eff03af1", 1602055742, ";alg=ES256;ppt=shaken"}
	sofia   = foreign{"http://127.0.0.1:8080/cert.pem", "15551231234", `["15553214322"]`, "39bd63d4-9152-4354-ad67-6896466b8d27", 1618373174, ";alg=ES256;ppt=shaken"}
)

// verifyAt is what a call from and to two numbers comes to, at the token's own time.
func (f foreign) verifyAt(w *world, caller, called string, opts ...option) string {
	w.now = time.Unix(f.iat, 0)
	for url := range w.paths.of { // the certificates of then
		path, err := w.root.Roots().Path(w.leaf.Chain())
		w.paths.of[url], w.paths.errs[url] = path, err
	}
	return w.one(f.field(w), append([]option{from("<sip:" + caller + "@a.example;user=phone>"), to("<sip:" + called + "@b.example;user=phone>")}, opts...)...)
}

// vectorRows are the rows of the table by how their first column begins, each with what it asks for.
func vectorRows() map[string]func(t *testing.T) {
	want := func(t *testing.T, what, got, want string) {
		t.Helper()
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	return map[string]func(t *testing.T){
		"signalwire/libstirshaken test/ref/sp/passport.txt":  TestHeaderFieldOfLibstirshaken,
		"signalwire/libstirshaken test/ref/sp/spc_token.txt": spcToken,
		"cgrates/cgrates *_test.go": func(t *testing.T) {
			w := newWorld()
			want(t, "a local file", cgrates.verifyAt(w, "1001", "1002"), "436 Bad Identity Info: info is no URI")
			w.now = time.Now()
			want(t, "a local file, and stale", w.one(cgrates.field(w), from("<sip:1001@a.example>"), to("<sip:1002@b.example>")), "436 Bad Identity Info")
		},
		"cgrates/cgrates same header+signature": func(t *testing.T) {
			tampered := cgrates
			tampered.orig = "1005"
			want(t, "orig exchanged", tampered.verifyAt(newWorld(), "1001", "1002"), "438 Invalid Identity Header: orig is not the caller")
			// The same at an address that can be asked: then From may be exchanged too, and the signature tells.
			w := newWorld()
			good := cgrates
			good.x5u, good.param, good.iat = certURL, ";alg=ES256;ppt=shaken", w.now.Unix()
			bad := good
			bad.orig = "1005"
			field := withSignature(bad.field(w), signatureOf(good.field(w)))
			want(t, "orig and From exchanged", w.one(field, from("<sip:1005@a.example>"), to("<sip:1002@b.example>")), "438 Invalid Identity Header: signature does not match")
			lenient := config(func(c *stir.VerifierConfig) { c.Lenient = true })
			want(t, "origid is no UUID, lenient", w.one(good.field(w), from("<sip:1001@a.example>"), to("<sip:1002@b.example>"), lenient), "valid, attestation A")
			want(t, "origid is no UUID", w.one(good.field(w), from("<sip:1001@a.example>"), to("<sip:1002@b.example>")), "438 Invalid PASSporT: token refused, malformed claim")
		},
		"signalwire/freeswitch mod_sofia test_sofia_funcs.c": func(t *testing.T) {
			w := newWorld()
			want(t, "loopback", sofia.verifyAt(w, "+15551231234", "+15553214322"), "436 Bad Identity Info: certificate could not be had")
			w.paths.of[sofia.x5u], _ = w.root.Roots().Path(w.leaf.Chain())
			w.now = time.Now()
			good := sofia
			good.iat = w.now.Unix()
			want(t, "allowed", good.verifyAt(w, "+15551231234", "+15553214322"), "valid, attestation A")
		},
		"signalwire/freeswitch 404.pem token": func(t *testing.T) {
			missing := foreign{"http://127.0.0.1/404.pem", "15551231234", `["15553214321"]`, "13131313", 1618279963, ";alg=ES256;ppt=shaken"}
			want(t, "404", missing.verifyAt(newWorld(), "+15551231234", "+15553214321"), "436 Bad Identity Info: certificate could not be had")
		},
		"yeti-switch/sems unit_tests AmIdentityTests": func(t *testing.T) {
			want(t, "empty numbers", sems.verifyAt(newWorld(), "+15551231234", "+15553214321"), "438 Invalid PASSporT: token refused, malformed telephone number")
			w := newWorld()
			lapsed, err := certificate.ParseChain(vector(t, "sems_test.pem"))
			if err != nil || w.now.Before(lapsed.Leaf().NotAfter) {
				t.Fatalf("not expired: %v", err)
			}
			_, err = w.root.Roots().Path(lapsed)
			w.paths.errs[certURL] = err
			want(t, "expired certificate", w.one(w.shaken()), "437 Unsupported Credential: certificate refused")
		},
		"RFC 8225 Appendix A": func(t *testing.T) {
			serialised(t, passport.Header{X5U: "https://cert.example.org/passport.cer"}, passport.Claims{Orig: passport.Identity{TN: "12155551212"},
				Dest: passport.Destinations{URI: []string{"sip:alice@example.com"}}, IssuedAt: 1471375418},
				"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."+
					"eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19")
		},
		"RFC 8688 s4.1 608 jcard JWS": func(*testing.T) {}, // no PASSporT: a jCard, which answers name and nobody here reads
		"RFC 8946 s3 div token": func(t *testing.T) {
			w := newWorld()
			chain := func(div string) string {
				c := w.claims()
				c.Attest, c.OrigID, c.Div, c.Dest = "", "", passport.Identity{TN: div}, passport.Destinations{TN: []string{other}}
				token := w.leaf.Sign(passport.Header{PPT: passport.Div, X5U: certURL}, c)
				res := w.verify([]string{w.shaken(), field(token, passport.Div)}, requestURI("sip:+"+other+"@b.example;user=phone"),
					config(func(c *stir.VerifierConfig) { c.CheckRequestURI = true }))
				return summary(&res)
			}
			want(t, "as meant", chain(callee), "valid, attestation A, diverted 1 times")
			want(t, "with a digit too many", chain(callee[:6]+callee[5:]), "438 Invalid Identity Header")
		},
		"RFC 8588 s6 / ATIS INVITE in RFC 8688": func(t *testing.T) {
			w := newWorld()
			header := `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"` + certURL + `"}`
			token := w.raw(header, `{"attest":"A","dest":{"tn":"+12155552000"},"iat":"1471375418","orig":{"tn":"+12155551000"},"origid":"123e4567-e89b-12d3-a456-426655440000"}`)
			want(t, "iat a string, dest no array, plus signs", w.one(field(token, passport.Shaken)), "438 Invalid PASSporT")
		},
	}
}

// TestTokensOfOthersComeToWhatTheTableAsksFor: each row of the table has its test, and there is no test without a row.
func TestTokensOfOthersComeToWhatTheTableAsksFor(t *testing.T) {
	rows := vectorRows()
	for i, line := range strings.Split(strings.TrimSpace(string(vector(t, "tokens.tsv"))), "\n") {
		source, _, _ := strings.Cut(line, "\t")
		if i == 0 {
			continue
		}
		found := ""
		for name := range rows {
			if strings.HasPrefix(source, name) {
				found = name
			}
		}
		if found == "" {
			t.Errorf("no test for the row %q", source)
			continue
		}
		t.Run(source, rows[found])
		delete(rows, found)
	}
	for name := range rows {
		t.Errorf("no row %q", name)
	}
}

// spcToken: an authority's token for a certificate is none about a call.
func spcToken(t *testing.T) {
	w := newWorld()
	token := strings.TrimSpace(string(vector(t, "libstirshaken_spc_token.txt")))
	for _, word := range strings.Fields(token) {
		if strings.Count(word, ".") == 2 && strings.HasPrefix(word, "eyJ") {
			token = word
		}
	}
	if got := w.one(field(token, passport.Shaken)); !strings.HasPrefix(got, "437 Unsupported Credential: token refused, type is not passport") {
		t.Error(got)
	}
}

// serialised wants the texts that are signed to be those of a document.
func serialised(t *testing.T, h passport.Header, c passport.Claims, want string) {
	t.Helper()
	full, err := passport.Sign(newWorld().leaf.Key, h, c)
	if err != nil {
		t.Fatal(err)
	}
	if got := full[:strings.LastIndexByte(full, '.')]; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
