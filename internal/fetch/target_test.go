package fetch

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"gatehouse.example/stir"
)

func TestGuardOfAddresses(t *testing.T) {
	ports := []uint16{443, 8443}
	for raw, want := range map[string]any{
		"https://cert.example.org/a.pem":          "https://cert.example.org/a.pem",
		"HTTPS://Cert.Example.ORG:443/A.pem":      "https://cert.example.org/A.pem",
		"https://cert.example.org:8443/a?b=c%20d": "https://cert.example.org:8443/a?b=c%20d",
		"https://cert.example.org":                "https://cert.example.org/",
		"https://cert.example.org?x":              "https://cert.example.org/?x",
		"https://cert_1.example.org/%2e%2e/x":     "https://cert_1.example.org/%2e%2e/x",
		"https://127.0.0.1/":                      "https://127.0.0.1/",
		"https://[::1]:8443/":                     "https://[::1]:8443/",
		"https://[0:0::1]/":                       "https://[::1]/",
		"https://[::ffff:127.0.0.1]/":             "https://[::ffff:127.0.0.1]/",

		"":                                                BadScheme,
		"cert.example.org/a.pem":                          BadScheme,
		"/usr/share/stir/stir_pubkey.pem":                 BadScheme,
		"http://cert.example.org/a.pem":                   BadScheme,
		"http://127.0.0.1:8080/cert.pem":                  BadScheme,
		"file:///etc/passwd":                              BadScheme,
		"gopher://cert.example.org/1":                     BadScheme,
		"ftp://cert.example.org/a":                        BadScheme,
		"https:cert.example.org":                          BadScheme,
		"https:/cert.example.org":                         BadScheme,
		"data:application/pkix-cert,x":                    BadScheme,
		"https://user@cert.example.org/":                  HasUserinfo,
		"https://good.org@evil.org/":                      HasUserinfo,
		"https://u:p@cert.example.org:443/":               HasUserinfo,
		"https://cert.example.org/#x":                     HasFragment,
		"https://cert.example.org#@evil.org":              HasFragment,
		"https://cert.example.org:80/":                    BadPort,
		"https://cert.example.org:22/":                    BadPort,
		"https://cert.example.org:5060/":                  BadPort,
		"https://cert.example.org:65535/":                 BadPort,
		"https://cert.example.org:65536/":                 BadHost,
		"https://cert.example.org:0443/":                  BadHost,
		"https://cert.example.org:+443/":                  BadHost,
		"https://cert.example.org:/":                      BadHost,
		"https://cert.example.org:443:443/":               BadHost,
		"https:///a.pem":                                  BadHost,
		"https://:443/":                                   BadHost,
		"https://cert..example.org/":                      BadHost,
		"https://.example.org/":                           BadHost,
		"https://cert.example.org./":                      BadHost,
		"https://-a.example.org/":                         BadHost,
		"https://cert%2eexample.org/":                     BadHost,
		"https://127.1/":                                  BadHost,
		"https://2130706433/":                             BadHost,
		"https://0x7f000001/":                             BadHost,
		"https://0177.0.0.1/":                             BadHost,
		"https://127.0.0.01/":                             BadHost,
		"https://0x7f.1/":                                 BadHost,
		"https://[127.0.0.1]/":                            BadHost,
		"https://[fe80::1%25eth0]/":                       BadHost,
		"https://[::1/":                                   BadHost,
		"https://::1/":                                    BadHost,
		"https://[::1]x/":                                 BadHost,
		"https://cert.example.org,evil.org/":              BadHost,
		"https://" + strings.Repeat("a", 64) + ".org/":    BadHost,
		"https://" + strings.Repeat("a.", 127) + "org/":   BadHost,
		"https://cert.example.org\\@evil.org/":            BadURL,
		"https://cert.example.org/\r\nHost: evil":         BadURL,
		"https://cert.example.org/a b":                    BadURL,
		"https://cert.exämple.org/":                       BadURL,
		"https://cert.example.org/\x00":                   BadURL,
		"https://cert.example.org/%zz":                    BadURL,
		"https://cert.example.org/%2":                     BadURL,
		" https://cert.example.org/":                      BadURL,
		"https://e.org/" + strings.Repeat("a", maxURL):    BadURL,
		"https://cert.example.org/<script>":               BadURL,
		"https://cert.example.org/a.pem;alg=ES256\"":      BadURL,
		"https://cert.example.org/\u202Egpj.exe":          BadURL,
		"https://xn--bcher-kva.example/a/b/../../../c/.?": "https://xn--bcher-kva.example/a/b/../../../c/.?",
	} {
		got, err := parseTarget(raw, ports)
		bad, _ := errors.AsType[*Error](err)
		switch want := want.(type) {
		case string:
			if err != nil || got.url != want {
				t.Errorf("%q: %q, %v, want %q", raw, got.url, err, want)
			}
		case Reason:
			if bad == nil || bad.Reason != want || !errors.Is(err, stir.ErrUnreachable) {
				t.Errorf("%q: %q, %v, want %v", raw, got.url, err, want)
			}
		}
	}
}

func TestErrorsQuoteWhatStrangersWrite(t *testing.T) {
	_, err := parseTarget("https://e.org/\x1b[31m\r\n\u202E"+strings.Repeat("x", 5000), []uint16{443})
	if s := err.Error(); strings.ContainsAny(s, "\r\n\x1b\u202E") || len(s) > 300 {
		t.Errorf("%d octets: %q", len(s), s)
	}
}

// FuzzTarget: what passes the guard is canonical, and net/url, which the HTTP client goes by, sees the same host and port in it.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"https://cert.example.org/a.pem", "https://[::1]:8443/?x", "https://1.2.3.4", "HTTPS://A.b:443?",
		"https://a@b/#", "https://a.b:8443//c/../%2f", "https://\\b/", "https://[::ffff:1.2.3.4]/", "https://a:443@b:443/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		ports := []uint16{443, 8443}
		one, err := parseTarget(raw, ports)
		if err != nil {
			if bad, ok := errors.AsType[*Error](err); !ok || bad.Reason == 0 {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := parseTarget(one.url, ports)
		if err != nil || again != one {
			t.Fatalf("%q gives %+v, then %+v, %v", raw, one, again, err)
		}
		seen, err := url.Parse(one.url)
		if err != nil || seen.Scheme != "https" || seen.User != nil || seen.Fragment != "" || seen.Hostname() != one.host {
			t.Fatalf("%q: net/url sees %+v, %v; the guard %+v", raw, seen, err, one)
		}
		if port := seen.Port(); port != "" && port != "8443" {
			t.Fatalf("%q: port %s", raw, port)
		}
		if !one.addr.IsValid() && (!validName(one.host) || strings.ToLower(one.host) != one.host) {
			t.Fatalf("%q: host %q", raw, one.host)
		}
	})
}
