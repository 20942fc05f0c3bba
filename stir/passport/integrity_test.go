package passport_test

import (
	"reflect"
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

// The jCard, the name and their digests are those of the examples of RFC 9795.
const (
	card = `["vcard",[["version",{},"text","4.0"],["fn",{},"text","Q Branch"],["org",{},"text","MI6;Q Branch Spy Gadgets"],` +
		`["photo",{},"uri","https://example.com/photos/quartermaster-256x256.png"],` +
		`["logo",{},"uri","https://example.com/logos/mi6-256x256.jpg"],["logo",{},"uri","https://example.com/logos/mi6-64x64.jpg"]]]`
	cardDigest = "sha256-7kdCBZqH0nqMSPsmABvsKlHPhZEStgjojhdSJGRr3rk"
	nameDigest = "sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY"
)

func TestDigest(t *testing.T) {
	for hash, want := range map[string]string{
		passport.SHA256: "sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek",
		passport.SHA384: "sha384-/b2OdaZ/KfcBpOBAOF4uI5hjA+oQI5IRr5B/y7g1eLPkF8txzmRu/QgZ3YwIjeG9",
		passport.SHA512: "sha512-MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw",
	} {
		got, err := passport.Digest(hash, []byte("hello world"))
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", hash, got, err)
		}
		wantReason(t, passport.CheckDigest(want, []byte("hello world")), passport.NoReason)
		wantReason(t, passport.CheckDigest(want, []byte("hello world!")), passport.DigestMismatch)
	}
	_, err := passport.Digest("sha1", nil)
	wantReason(t, err, passport.BadDigest)
	const sum = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"
	for digest, want := range map[string]passport.Reason{
		"sha256-" + sum + "=":  passport.NoReason,
		"sha256-" + sum + "==": passport.BadDigest,
		"sha256-" + sum[1:]:    passport.BadDigest,
		"sha256" + sum:         passport.BadDigest,
		"sha512-" + sum:        passport.BadDigest,
		"md5-" + sum:           passport.BadDigest,
		"":                     passport.BadDigest,
		"sha256-" + strings.Replace(sum, "+", "-", 1): passport.BadDigest,
		"sha256-" + sum[:42] + "l":                    passport.DigestMismatch, // other trailing bits
	} {
		wantReason(t, passport.CheckDigest(digest, []byte("hello world")), want)
	}
}

// web has what the URIs of the tests refer to.
func web(uri string) ([]byte, bool) {
	switch uri {
	case "https://example.com/card.json":
		return []byte(" " + strings.ReplaceAll(card, ",", " , ")), true
	case "https://example.com/gone.png":
		return nil, false
	}
	return []byte("picture of " + uri), true
}

func TestDigestsOfRFC9795(t *testing.T) {
	c := passport.Claims{
		RCD:          &passport.RCD{Name: "Q Branch Spy Gadgets", JCard: card},
		RCDIntegrity: map[string]string{"/nam": nameDigest, "/jcd": cardDigest},
	}
	_, err := c.CheckIntegrity(nil)
	wantReason(t, err, passport.MissingClaim) // the pictures are not covered
	for _, p := range []string{"/jcd/1/3/3", "/jcd/1/4/3", "/jcd/1/5/3"} {
		c.RCDIntegrity[p] = nameDigest
	}
	unchecked, err := c.CheckIntegrity(nil)
	if want := []string{"/jcd/1/3/3", "/jcd/1/4/3", "/jcd/1/5/3"}; err != nil || !reflect.DeepEqual(unchecked, want) {
		t.Errorf("%v, %v", unchecked, err)
	}
	_, err = c.CheckIntegrity(web)
	wantReason(t, err, passport.DigestMismatch)
	made, err := passport.DigestRCD(passport.SHA256, c.RCD, web)
	if err != nil || made["/nam"] != nameDigest || made["/jcd"] != cardDigest || len(made) != 5 {
		t.Errorf("%v, %v", made, err)
	}
}

func TestIntegrityOfRCD(t *testing.T) {
	full := &passport.RCD{Name: "Q", Alias: "12155550199", Icon: "https://example.com/i.png", JCard: card}
	linked := &passport.RCD{Name: "Q", JCardURL: "https://example.com/card.json"}
	for _, d := range []*passport.RCD{full, linked} {
		for _, hash := range []string{passport.SHA256, passport.SHA384, passport.SHA512} {
			made, err := passport.DigestRCD(hash, d, web)
			if err != nil {
				t.Fatal(err)
			}
			c := passport.Claims{RCD: d, RCDIntegrity: made}
			if unchecked, err := c.CheckIntegrity(web); err != nil || len(unchecked) > 0 {
				t.Errorf("%s: %v, %v", hash, unchecked, err)
			}
			if _, err := c.CheckIntegrity(nil); err != nil {
				t.Errorf("%s without fetching: %v", hash, err)
			}
		}
	}
	made, err := passport.DigestRCD(passport.SHA256, linked, web)
	if err != nil || made["/jcl"] != cardDigest || made["/jcl/1/4/3"] == "" || len(made) != 5 {
		t.Errorf("%v, %v", made, err)
	}
	_, err = passport.DigestRCD(passport.SHA256, &passport.RCD{Icon: "https://example.com/gone.png"}, web)
	wantReason(t, err, passport.BadDigest)
	_, err = passport.DigestRCD("md5", full, web)
	wantReason(t, err, passport.BadDigest)
	_, err = passport.DigestRCD(passport.SHA256, &passport.RCD{JCard: "["}, web)
	wantReason(t, err, passport.MalformedJSON)
}

// Each change of what is shown is noticed.
func TestIntegrityNoticesChanges(t *testing.T) {
	d := passport.RCD{Name: "Q", Alias: "12155550199", Icon: "https://example.com/i.png", JCard: card}
	made, err := passport.DigestRCD(passport.SHA256, &d, web)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*passport.RCD)
		want   passport.Reason
	}{
		"name":        {func(d *passport.RCD) { d.Name = "R" }, passport.DigestMismatch},
		"alias":       {func(d *passport.RCD) { d.Alias = "12155550198" }, passport.DigestMismatch},
		"alias gone":  {func(d *passport.RCD) { d.Alias = "" }, passport.DigestMismatch},
		"icon":        {func(d *passport.RCD) { d.Icon = "https://example.com/other.png" }, passport.DigestMismatch},
		"icon gone":   {func(d *passport.RCD) { d.Icon = "" }, passport.DigestMismatch},
		"card":        {func(d *passport.RCD) { d.JCard = strings.Replace(card, "Q Branch", "R Branch", 1) }, passport.DigestMismatch},
		"card spaced": {func(d *passport.RCD) { d.JCard = strings.ReplaceAll(card, ",", " ,\n") }, passport.NoReason},
		"a picture more": {func(d *passport.RCD) {
			d.JCard = strings.Replace(card, `]]]`, `],["photo",{},"uri","https://evil.example/p"]]]`, 1)
		}, passport.MissingClaim},
	} {
		changed := d
		c.change(&changed)
		_, err := (&passport.Claims{RCD: &changed, RCDIntegrity: made}).CheckIntegrity(web)
		if passport.ReasonOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A digest may be of anything within rcd; one of nothing is none.
func TestIntegrityOfAnyPointer(t *testing.T) {
	digest := func(text string) string {
		d, err := passport.Digest(passport.SHA256, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := &passport.RCD{Name: "Q", Extra: []passport.Member{{Name: "a/b~", Value: `{"c": [1, {"d":"e"}]}`}}}
	for pointer, c := range map[string]struct {
		text string
		want passport.Reason
	}{
		"/a~1b~0":       {`{"c":[1,{"d":"e"}]}`, passport.NoReason},
		"/a~1b~0/c":     {`[1,{"d":"e"}]`, passport.NoReason},
		"/a~1b~0/c/1/d": {`"e"`, passport.NoReason},
		"/a~1b~0/c/0":   {`1`, passport.NoReason},
		"/a~1b~0/c/2":   {`1`, passport.DigestMismatch},
		"/a~1b~0/c/01":  {`{"d":"e"}`, passport.DigestMismatch},
		"/a~1b~0/c/-":   {`1`, passport.DigestMismatch},
		"/a~1b~0/c/0/x": {`1`, passport.DigestMismatch},
		"/b":            {`1`, passport.DigestMismatch},
		"/icn":          {`1`, passport.DigestMismatch},
		"/jcl/1":        {`1`, passport.DigestMismatch},
	} {
		claims := passport.Claims{RCD: d, RCDIntegrity: map[string]string{pointer: digest(c.text)}}
		_, err := claims.CheckIntegrity(nil)
		if passport.ReasonOf(err) != c.want {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	if unchecked, err := new(passport.Claims).CheckIntegrity(web); unchecked != nil || err != nil {
		t.Error("a token without rcdi has nothing to check:", unchecked, err)
	}
}
