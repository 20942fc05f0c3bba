package certificate_test

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"gatehouse.example/stir/certificate"
)

// unhex reads hexadecimal octets with spaces between.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	return must(t, b, err)
}

func TestTNAuthListIsRead(t *testing.T) {
	for _, c := range []struct {
		name, der string
		want      certificate.TNAuthList
	}{
		{"service provider code", "3008 a006 1604 31323334", certificate.TNAuthList{SPC: []string{"1234"}}},
		{"one number", "300f a20d 160b 3132313535353531303030", certificate.TNAuthList{Numbers: []string{"12155551000"}}},
		{"number with star and hash", "3007 a205 1603 2a3623", certificate.TNAuthList{Numbers: []string{"*6#"}}},
		{
			"range", "3014 a112 3010 160b 3132313535353531303030 0201 64",
			certificate.TNAuthList{Ranges: []certificate.TNRange{{Start: "12155551000", Count: 100}}},
		},
		{"range of two", "300c a10a 3008 1603 313030 0201 02", certificate.TNAuthList{Ranges: []certificate.TNRange{{Start: "100", Count: 2}}}},
		{
			"all of them", "3019 a003 160141 a10a 3008 1603 313030 0201 02 a206 1604 31303030",
			certificate.TNAuthList{SPC: []string{"A"}, Ranges: []certificate.TNRange{{Start: "100", Count: 2}}, Numbers: []string{"1000"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := certificate.ParseTNAuthList(unhex(t, c.der))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// TestTNAuthListIsRefused: RFC 8226 §9 and the DER that it is written in. STANDARDS 5.20.
func TestTNAuthListIsRefused(t *testing.T) {
	for name, der := range map[string]string{
		"nothing":                          "",
		"garbage":                          "deadbeef",
		"a bare string, as libstirshaken":  "1604 31323334",
		"a comment, as asterisk's old":     "3838313231322c494e54454745523a3530",
		"empty list":                       "3000",
		"trailing octet":                   "3008 a006 1604 31323334 00",
		"octets missing":                   "3008 a006 1604 313233",
		"length beyond the end":            "307f a006 1604 31323334",
		"length not in shortest form":      "308108 a006 1604 31323334",
		"indefinite length":                "3080 a006 1604 31323334 0000",
		"implicit tag":                     "3006 8004 31323334",
		"unknown choice":                   "3008 a306 1604 31323334",
		"code as UTF8String":               "3008 a006 0c04 31323334",
		"empty code":                       "3004 a002 1600",
		"code with a control character":    "3008 a006 1604 31320a34",
		"code with a space":                "3008 a006 1604 31322034",
		"code with something after it":     "300b a009 1604 31323334 020100",
		"empty number":                     "3004 a202 1600",
		"number with plus":                 "3008 a206 1604 2b313233",
		"number with letters":              "3008 a206 1604 31326162",
		"number of sixteen digits":         "3014 a212 1610 31323334353637383930313233343536",
		"range of one":                     "300c a10a 3008 1603 313030 0201 01",
		"range of none":                    "300c a10a 3008 1603 313030 0201 00",
		"negative count":                   "300c a10a 3008 1603 313030 0201 ff",
		"count not in shortest form":       "300d a10b 3009 1603 313030 0202 0002",
		"count of no octets":               "300b a109 3007 1603 313030 0200",
		"count that leaves the digits":     "300d a10b 3009 1603 313030 0202 0384",
		"count that overflows 64 bits":     "3014 a112 3010 1603 313030 0209 00ffffffffffffffff",
		"count that overflows the sum":     "3013 a111 300f 1603 313030 0208 7fffffffffffffff",
		"range without count":              "3009 a107 3005 1603 313030",
		"range with something after count": "300f a10d 300b 1603 313030 0201 02 020100",
		"range that starts with a star":    "300c a10a 3008 1603 2a3030 0201 02",
		"range of an empty start":          "3009 a107 3005 1600 0201 02",
		"range that is no sequence":        "3007 a105 1603 313030",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := certificate.ParseTNAuthList(unhex(t, der))
			wantReason(t, err, certificate.BadTNAuthList)
			if !reflect.DeepEqual(l, certificate.TNAuthList{}) {
				t.Fatalf("a refused list has entries: %+v", l)
			}
		})
	}
}

// FuzzTNAuthList: what is read is written as it was, and every number of it is one.
func FuzzTNAuthList(f *testing.F) {
	for _, s := range []string{
		"3008a006160431323334", "3019a003160141a10a30081603313030020102a206160431303030",
		"3013a111300f160331303002087fffffffffffffff", "3000", "1604",
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		l, err := certificate.ParseTNAuthList(der)
		if err != nil {
			if certificate.ReasonOf(err) != certificate.BadTNAuthList {
				t.Fatalf("reason of %v", err)
			}
			return
		}
		if len(l.SPC)+len(l.Numbers)+len(l.Ranges) == 0 {
			t.Fatal("an empty list was accepted")
		}
		again, err := certificate.ParseTNAuthList(l.AppendTo(nil))
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Fatalf("%+v was written and read as %+v, %v", l, again, err)
		}
		for _, r := range l.Ranges {
			if r.Count < 2 || len(r.Start) > 15 || strings.Trim(r.Start, "0123456789") != "" {
				t.Fatalf("range %+v", r)
			}
		}
	})
}
