package certificate_test

import (
	"reflect"
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

// attestNames is a JWTClaimNames of one name, "attest".
const attestNames = "3008 1606 617474657374"

func TestConstraintsAreRead(t *testing.T) {
	for _, c := range []struct {
		name, der string
		enhanced  bool
		want      certificate.Constraints
	}{
		{"mustInclude", "300c a00a " + attestNames, false, certificate.Constraints{MustInclude: []string{"attest"}}},
		{
			"permittedValues", "3014 a112 3010 300e 1606 617474657374 3004 0c02 4142", false,
			certificate.Constraints{Permitted: map[string][]string{"attest": {"AB"}}},
		},
		{"mustExclude", "300c a20a " + attestNames, true, certificate.Constraints{MustExclude: []string{"attest"}}},
		{
			"all three", "302b a00a " + attestNames + " a111 300f 300d 1606 617474657374 3003 0c01 41 a20a " + attestNames, true,
			certificate.Constraints{
				MustInclude: []string{"attest"}, MustExclude: []string{"attest"}, Permitted: map[string][]string{"attest": {"A"}},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := certificate.ParseConstraints(unhex(t, c.der), c.enhanced)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestConstraintsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		der      string
		enhanced bool
	}{
		"nothing":                        {"", false},
		"garbage":                        {"cafe", false},
		"no field":                       {"3000", false},
		"mustExclude in the plain one":   {"300c a20a " + attestNames, false},
		"unknown field":                  {"300c a30a " + attestNames, true},
		"fields out of order":            {"3018 a20a " + attestNames + " a00a " + attestNames, true},
		"a field twice":                  {"3018 a00a " + attestNames + " a00a " + attestNames, true},
		"trailing octet":                 {"300c a00a " + attestNames + " 00", false},
		"implicit tag":                   {"300a a008 1606 617474657374", false},
		"no name":                        {"3004 a002 3000", false},
		"an empty name":                  {"3006 a004 3002 1600", false},
		"name as UTF8String":             {"300c a00a 3008 0c06 617474657374", false},
		"no permitted claim":             {"3004 a102 3000", false},
		"no permitted value":             {"3010 a10e 300c 300a 1606 617474657374 3000", false},
		"permitted value as IA5String":   {"3013 a111 300f 300d 1606 617474657374 3003 1601 41", false},
		"a claim with two lists":         {"3018 a116 3014 3008 1601 61 3003 0c01 41 3008 1601 61 3003 0c01 42", false},
		"something after a claim's list": {"3011 a10f 300d 300b 1601 61 3003 0c01 41 020100", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificate.ParseConstraints(unhex(t, c.der), c.enhanced)
			wantReason(t, err, certificate.BadConstraints)
		})
	}
}

// TestConstraintsAreEnforced: RFC 8226 §8, RFC 9118 §3. STANDARDS 5.20: ignoring them is the trap.
func TestConstraintsAreEnforced(t *testing.T) {
	type set = map[string][]string
	for _, c := range []struct {
		name string
		c    certificate.Constraints
		ok   bool
	}{
		{"none", certificate.Constraints{}, true},
		{"mustInclude, there", certificate.Constraints{MustInclude: []string{"attest", "crn"}}, true},
		{"mustInclude, missing", certificate.Constraints{MustInclude: []string{"attest", "rcdi"}}, false},
		{"mustInclude, of a claim nobody knows", certificate.Constraints{MustInclude: []string{"confidence"}}, false},
		{"mustInclude, of a baseline claim", certificate.Constraints{MustInclude: []string{"iat", "orig", "dest"}}, true},
		{"permitted, equal", certificate.Constraints{Permitted: set{"attest": {"B", "A"}}}, true},
		{"permitted, other", certificate.Constraints{Permitted: set{"attest": {"B", "C"}}}, false},
		{"permitted, longer", certificate.Constraints{Permitted: set{"attest": {"AA"}}}, false},
		{"permitted, shorter", certificate.Constraints{Permitted: set{"attest": {""}}}, false},
		{"permitted, other case", certificate.Constraints{Permitted: set{"attest": {"a"}}}, false},
		{"permitted, claim absent", certificate.Constraints{Permitted: set{"div": {"x"}}}, true},
		{"permitted, an escaped value", certificate.Constraints{Permitted: set{"e": {"\"Prüfung\" \\ 𝄞\n/"}}}, true},
		{"permitted, nearly the escaped value", certificate.Constraints{Permitted: set{"e": {"\"Prüfung\" \\ 𝄞\r/"}}}, false},
		{"permitted, letters beyond ASCII", certificate.Constraints{Permitted: set{"crn": {"Prüfung"}}}, true},
		{"permitted, an unknown claim", certificate.Constraints{Permitted: set{"x": {"y"}}}, true},
		{"permitted, an unknown claim of other value", certificate.Constraints{Permitted: set{"x": {"z"}}}, false},
		{"permitted, a number", certificate.Constraints{Permitted: set{"n": {"5"}}}, true},
		{"permitted, another number", certificate.Constraints{Permitted: set{"n": {"5.0"}}}, false},
		{"permitted, one of two claims other", certificate.Constraints{Permitted: set{"attest": {"A"}, "x": {"z"}}}, false},
		{"mustExclude, absent", certificate.Constraints{MustExclude: []string{"rcd"}}, true},
		{"mustExclude, there", certificate.Constraints{MustExclude: []string{"rcd", "x"}}, false},
		{"mustExclude of a baseline claim voids all", certificate.Constraints{
			MustExclude: []string{"x", "iat"}, MustInclude: []string{"rcdi"}, Permitted: set{"attest": {"C"}},
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := []stirtest.Option{stirtest.SPC("1234")}
			if !reflect.DeepEqual(c.c, certificate.Constraints{}) {
				opts = append(opts, stirtest.Constraints(c.c))
			}
			leaf := stirtest.NewRoot().Leaf(opts...)
			token := constrainedToken(t, leaf)
			want := certificate.NoReason
			if !c.ok {
				want = certificate.ClaimRefused
			}
			wantReason(t, leaf.Path().Permits(token), want)
			wantReason(t, c.c.Check(token), want)
		})
	}
}

func constrainedToken(t testing.TB, leaf *stirtest.Cert) *passport.Token {
	t.Helper()
	full := leaf.Sign(passport.Header{PPT: passport.Shaken, X5U: "https://cert.example.org/a.pem"}, passport.Claims{
		Orig: passport.Identity{TN: "12155551000"}, Dest: passport.Destinations{TN: []string{"12155552000"}}, IssuedAt: time.Now().Unix(),
		Attest: "A", OrigID: stirtest.UUID(), CallReason: "Prüfung",
		Extra: []passport.Member{
			{Name: "x", Value: `"\u0079"`}, {Name: "n", Value: "5"},
			{Name: "e", Value: `"\"Pr\u00fcfung\" \\ \ud834\udd1e\n\/"`},
		},
	})
	token, err := passport.Parse([]byte(full))
	return must(t, token, err)
}

// TestConstraintsOfAnIntermediateBindItsLeaf: a delegate cannot give itself claims that it may not make.
func TestConstraintsOfAnIntermediateBindItsLeaf(t *testing.T) {
	ca := stirtest.NewRoot().CA(stirtest.Constraints(certificate.Constraints{Permitted: map[string][]string{"attest": {"B"}}}))
	leaf := ca.Leaf(stirtest.SPC("1234"))
	wantReason(t, leaf.Path().Permits(constrainedToken(t, leaf)), certificate.ClaimRefused)
}

// FuzzConstraints: what is read is written and read as the same.
func FuzzConstraints(f *testing.F) {
	for _, s := range []string{
		"300ca00a30081606617474657374", "3014a1123010300e160661747465737430040c024142", "300ca20a30081606617474657374", "3000",
	} {
		f.Add(unhex(f, s), true)
	}
	f.Fuzz(func(t *testing.T, der []byte, enhanced bool) {
		c, err := certificate.ParseConstraints(der, enhanced)
		if err != nil {
			if certificate.ReasonOf(err) != certificate.BadConstraints {
				t.Fatalf("reason of %v", err)
			}
			return
		}
		if len(c.MustExclude) > 0 && !enhanced {
			t.Fatal("mustExclude in the plain extension")
		}
		again, err := certificate.ParseConstraints(c.AppendTo(nil), enhanced)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%+v was written and read as %+v, %v", c, again, err)
		}
	})
}
