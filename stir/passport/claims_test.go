package passport_test

import (
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

// claimCase is a payload as text and why it is refused.
type claimCase struct {
	name, ppt, payload string
	want               passport.Reason
}

func runClaims(t *testing.T, cases []claimCase) {
	t.Helper()
	key := newKey(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			header := baseHeader
			if c.ppt != "" {
				header = strings.Replace(header, `"typ"`, `"ppt":"`+c.ppt+`","typ"`, 1)
			}
			_, err := passport.Parse([]byte(sealed(t, key, header, c.payload)))
			wantReason(t, err, c.want)
		})
	}
}

func TestIdentities(t *testing.T) {
	number, uri := passport.Identity{TN: "12155550131"}, passport.Identity{URI: "sip:alice@example.com"}
	d := passport.Destinations{TN: []string{"1", "12155550131"}, URI: []string{"sip:alice@example.com"}}
	if !d.Contains(number) || !d.Contains(uri) || d.Contains(passport.Identity{TN: "2"}) || d.Contains(passport.Identity{}) ||
		d.Contains(passport.Identity{URI: "12155550131"}) {
		t.Error("Contains")
	}
	if number.String() != "12155550131" || uri.String() != "sip:alice@example.com" || number.IsZero() || !(passport.Identity{}).IsZero() {
		t.Error("String or IsZero")
	}
	empty := passport.Destinations{TN: []string{""}}
	if empty.Contains(passport.Identity{}) {
		t.Error("nobody is a destination")
	}
}

// RFC 8225 §5: orig, dest and iat, in exactly their types.
func TestBaseClaims(t *testing.T) {
	with := func(dest, iat, orig string) string {
		return `{"dest":` + dest + `,"iat":` + iat + `,"orig":` + orig + `}`
	}
	const dest, iat, orig = `{"tn":["12155550131"]}`, `1471375418`, `{"tn":"12155550121"}`
	var cases []claimCase
	add := func(want passport.Reason, name, payload string) {
		cases = append(cases, claimCase{name: name, payload: payload, want: want})
	}
	add(passport.NoReason, "plain", with(dest, iat, orig))
	add(passport.MissingClaim, "no orig", `{"dest":`+dest+`,"iat":1}`)
	add(passport.MissingClaim, "no dest", `{"iat":1,"orig":`+orig+`}`)
	add(passport.MissingClaim, "no iat", `{"dest":`+dest+`,"orig":`+orig+`}`)
	add(passport.MissingClaim, "nothing", `{}`)
	for name, v := range map[string]string{
		"string": `"1471375418"`, "float": `1471375418.0`, "fraction": `1471375418.5`, "exponent": `1e9`, "negative": `-1471375418`,
		"negative zero": `-0`, "zero": `0`, "null": `null`, "true": `true`, "object": `{}`, "array": `[1471375418]`,
		"milliseconds": `1471375418000`, "beyond 64 bits": `18446744075181027034`, "hundreds of digits": strings.Repeat("9", 300),
	} {
		add(passport.BadIssuedAt, "iat "+name, with(dest, v, orig))
	}
	add(passport.MalformedJSON, "iat with leading zero", with(dest, "01471375418", orig))
	for name, v := range map[string]string{
		"string": `"12155550121"`, "null": `null`, "array": `["12155550121"]`, "empty": `{}`, "both": `{"tn":"1","uri":"sip:a@b"}`,
		"another kind": `{"email":"a@b"}`, "tn and another kind": `{"tn":"1","email":"a@b"}`, "uri empty": `{"uri":""}`,
		"uri an array": `{"uri":["sip:a@b"]}`, "uri without scheme": `{"uri":"alice"}`, "uri with space": `{"uri":"sip:a b"}`,
		"uri with line break": `{"uri":"sip:a\r\nb"}`, "uri in other letters": `{"uri":"sip:\u00e9@b"}`, "uri of nothing": `{"uri":"sip:"}`,
		"scheme with underscore": `{"uri":"s_p:a"}`, "scheme a digit": `{"uri":"1:a"}`, "hi is for div": `{"tn":"1","hi":"1"}`,
		"JSON in a string": `"{\"tn\":\"01256789999\"}"`,
	} {
		add(passport.BadClaim, "orig "+name, with(dest, iat, v))
	}
	for name, v := range map[string]string{
		"empty": `""`, "plus": `"+12155550121"`, "hyphens": `"1-215-555-0121"`, "letters": `"1215555CALL"`, "space": `"1215 5550121"`,
		"Arabic digits": `"١٢٣"`, "a number": `12155550121`, "an array": `["12155550121"]`, "null": `null`, "NUL": `"12\u0000"`,
		"parameter": `"1215;npdi"`, "33 digits": `"` + strings.Repeat("1", 33) + `"`,
	} {
		add(passport.BadNumber, "orig tn "+name, with(dest, iat, `{"tn":`+v+`}`))
	}
	add(passport.NoReason, "tn with star and hash", with(dest, iat, `{"tn":"*67#"}`))
	for name, v := range map[string]string{
		"string": `"12155550131"`, "null": `null`, "array": `["12155550131"]`, "empty": `{}`, "tn a string": `{"tn":"12155550131"}`,
		"tn empty": `{"tn":[]}`, "tn a number": `{"tn":[1]}`, "tn null within": `{"tn":[null]}`, "uri a string": `{"uri":"sip:a@b"}`,
		"another kind": `{"email":["a@b"]}`, "uri no URI": `{"uri":["alice"]}`, "uri empty within": `{"uri":[""]}`,
		"JSON in a string": `"{\"tn\":\"01256500600\"}"`, "one good and one empty list": `{"tn":["1"],"uri":[]}`,
	} {
		add(passport.BadDestination, "dest "+name, with(v, iat, orig))
	}
	add(passport.BadNumber, "dest tn with plus", with(`{"tn":["1","+1"]}`, iat, orig))
	add(passport.BadNumber, "dest tn empty within", with(`{"tn":["1",""]}`, iat, orig))
	add(passport.NoReason, "dest of both kinds", with(`{"tn":["1","2"],"uri":["sip:a@b","urn:service:sos"]}`, iat, orig))
	runClaims(t, cases)
}

func TestShakenClaims(t *testing.T) {
	alter := func(old, new string) string {
		if !strings.Contains(shakenPayload, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(shakenPayload, old, new, 1)
	}
	const id, attest = `"123e4567-e89b-12d3-a456-426655440000"`, `"attest":"A"`
	runClaims(t, []claimCase{
		{"plain", "shaken", shakenPayload, passport.NoReason},
		{"attest B", "shaken", alter(attest, `"attest":"B"`), passport.NoReason},
		{"attest C", "shaken", alter(attest, `"attest":"C"`), passport.NoReason},
		{"attest D", "shaken", alter(attest, `"attest":"D"`), passport.BadClaim},
		{"attest a", "shaken", alter(attest, `"attest":"a"`), passport.BadClaim},
		{"attest AB", "shaken", alter(attest, `"attest":"AB"`), passport.BadClaim},
		{"attest empty", "shaken", alter(attest, `"attest":""`), passport.BadClaim},
		{"attest null", "shaken", alter(attest, `"attest":null`), passport.BadClaim},
		{"attest array", "shaken", alter(attest, `"attest":["A"]`), passport.BadClaim},
		{"no attest", "shaken", alter(attest+",", ``), passport.MissingClaim},
		{"no origid", "shaken", alter(`,"origid":`+id, ``), passport.MissingClaim},
		{"origid empty", "shaken", alter(id, `""`), passport.BadClaim},
		{"origid no UUID", "shaken", alter(id, `"ref"`), passport.NoReason},
		{"origid without hyphens", "shaken", alter(id, `"123e4567e89b12d3a456426655440000"`), passport.NoReason},
		{"origid hyphens misplaced", "shaken", alter(id, `"123e456-7e89b-12d3-a456-426655440000"`), passport.NoReason},
		{"origid with g", "shaken", alter(id, `"g23e4567-e89b-12d3-a456-426655440000"`), passport.NoReason},
		{"origid in braces", "shaken", alter(id, `"{123e4567-e89b-12d3-a456-42665544000}"`), passport.NoReason},
		{"origid with a line break", "shaken", alter(id, `"a\r\nb"`), passport.BadClaim},
		{"origid in capitals", "shaken", alter(id, `"123E4567-E89B-12D3-A456-426655440000"`), passport.NoReason},
		{"orig a URI", "shaken", alter(`{"tn":"12155550121"}`, `{"uri":"sip:a@b"}`), passport.BadClaim},
		{"dest a URI", "shaken", alter(`{"tn":["12155550131"]}`, `{"uri":["sip:a@b"]}`), passport.BadDestination},
		{"dest an emergency service", "shaken", alter(`{"tn":["12155550131"]}`, `{"uri":["urn:service:sos"]}`), passport.NoReason},
		{"dest tn a string", "shaken", alter(`["12155550131"]`, `"12155550131"`), passport.BadDestination},
		{"the example of RFC 8588, iat a string", "shaken", alter(`1471375418`, `"1443208345"`), passport.BadIssuedAt},
		{"rcd within shaken", "shaken", alter(attest, `"rcd":{"nam":"Bob"},"crn":"Hi",`+attest), passport.NoReason},
		{"attest D in a baseline token", "", alter(attest, `"attest":"D"`), passport.BadClaim},
		{"attest D in an unknown kind", "new", alter(attest, `"attest":"D"`), passport.BadClaim},
		{"unknown kind", "new", basePayload, passport.NoReason},
	})
}

func TestDivertedClaims(t *testing.T) {
	with := func(more string) string { return strings.Replace(basePayload, "{", "{"+more, 1) }
	const opt = `"opt":"e30.e30.AAAA",`
	runClaims(t, []claimCase{
		{"div", "div", with(`"div":{"tn":"12155551213"},`), passport.NoReason},
		{"div a URI", "div", with(`"div":{"uri":"sip:a@b"},`), passport.NoReason},
		{"div with an index of History-Info", "div", with(`"div":{"hi":"1.2","tn":"12155551213"},`), passport.NoReason},
		{"div with an index that is a number", "div", with(`"div":{"hi":1,"tn":"12155551213"},`), passport.BadClaim},
		{"no div", "div", basePayload, passport.MissingClaim},
		{"div a string", "div", with(`"div":"12155551213",`), passport.BadClaim},
		{"div with plus", "div", with(`"div":{"tn":"+12155551213"},`), passport.BadNumber},
		{"div of both kinds", "div", with(`"div":{"tn":"1","uri":"sip:a@b"},`), passport.BadClaim},
		{"div never has opt", "div", with(`"div":{"tn":"1"},` + opt), passport.BadClaim},
		{"div-o", "div-o", with(`"div":{"tn":"1"},` + opt), passport.NoReason},
		{"div-o without opt", "div-o", with(`"div":{"tn":"1"},`), passport.MissingClaim},
		{"div-o without div", "div-o", with(opt), passport.MissingClaim},
		{"opt compact", "div-o", with(`"div":{"tn":"1"},"opt":"..AAAA",`), passport.BadClaim},
		{"opt no token", "div-o", with(`"div":{"tn":"1"},"opt":"x y.z.w",`), passport.BadClaim},
		{"opt an object", "div-o", with(`"div":{"tn":"1"},"opt":{},`), passport.BadClaim},
		{"opt of four parts", "div-o", with(`"div":{"tn":"1"},"opt":"a.b.c.d",`), passport.BadClaim},
	})
}

func TestMessageAndPriorityClaims(t *testing.T) {
	with := func(more string) string { return strings.Replace(basePayload, "{", "{"+more, 1) }
	const sum = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"
	runClaims(t, []claimCase{
		{"msg", "msg", with(`"msgi":"sha256-` + sum + `",`), passport.NoReason},
		{"msgi padded", "msg", with(`"msgi":"sha256-` + sum + `=",`), passport.NoReason},
		{"msg for a session has no msgi", "msg", basePayload, passport.NoReason},
		{"msgi of MD5", "msg", with(`"msgi":"md5-` + sum + `",`), passport.BadDigest},
		{"msgi in capitals", "msg", with(`"msgi":"SHA256-` + sum + `",`), passport.BadDigest},
		{"msgi short", "msg", with(`"msgi":"sha256-AAAA",`), passport.BadDigest},
		{"msgi with too much padding", "msg", with(`"msgi":"sha256-` + sum + `==",`), passport.BadDigest},
		{"msgi of 48 octets for 32", "msg", with(`"msgi":"sha256-` + strings.Repeat("A", 64) + `",`), passport.BadDigest},
		{"msgi base64url", "msg", with(`"msgi":"sha256-` + strings.Replace(sum, "+", "-", 1) + `",`), passport.BadDigest},
		{"msgi a number", "msg", with(`"msgi":1,`), passport.BadDigest},
		{"rph", "rph", with(`"rph":{"auth":["ets.0","wps.0"]},`), passport.NoReason},
		{"rph of an emergency", "rph", with(`"rph":{"ESorig":["esnet.1"]},"sph":"emergency",`), passport.NoReason},
		{"rph of a call back", "rph", with(`"rph":{"EScallback":["esnet.0"]},"sph":"psap-callback",`), passport.NoReason},
		{"no rph", "rph", with(`"sph":"psap-callback",`), passport.MissingClaim},
		{"rph empty", "rph", with(`"rph":{},`), passport.BadClaim},
		{"rph without values", "rph", with(`"rph":{"auth":[]},`), passport.BadClaim},
		{"rph a string", "rph", with(`"rph":{"auth":"ets.0"},`), passport.BadClaim},
		{"rph an array", "rph", with(`"rph":["ets.0"],`), passport.BadClaim},
		{"rph value without priority", "rph", with(`"rph":{"auth":["ets"]},`), passport.BadClaim},
		{"rph value of two dots", "rph", with(`"rph":{"auth":["a.b.c"]},`), passport.BadClaim},
		{"rph value with line break", "rph", with(`"rph":{"auth":["ets.0\n"]},`), passport.BadClaim},
		{"sph with space", "rph", with(`"rph":{"auth":["ets.0"]},"sph":"a b",`), passport.BadClaim},
		{"mky", "", with(`"mky":[{"alg":"sha-256","dig":"021ACC5427"}],`), passport.NoReason},
		{"mky with colons", "", with(`"mky":[{"alg":"sha-256","dig":"02:1a"}],`), passport.NoReason},
		{"mky empty", "", with(`"mky":[],`), passport.BadClaim},
		{"mky an object", "", with(`"mky":{"alg":"sha-256","dig":"02"},`), passport.BadClaim},
		{"mky without dig", "", with(`"mky":[{"alg":"sha-256"}],`), passport.BadClaim},
		{"mky with more", "", with(`"mky":[{"alg":"sha-256","dig":"02","x":1}],`), passport.BadClaim},
		{"mky not hexadecimal", "", with(`"mky":[{"alg":"sha-256","dig":"0g"}],`), passport.BadClaim},
		{"mky strings", "", with(`"mky":["sha-256"],`), passport.BadClaim},
	})
}

func TestRCDClaims(t *testing.T) {
	with := func(more string) string { return strings.Replace(basePayload, "{", "{"+more, 1) }
	const card = `["vcard",[["version",{},"text","4.0"],["photo",{},"uri","https://a/b"]]]`
	runClaims(t, []claimCase{
		{"nam", "rcd", with(`"rcd":{"nam":"Bob"},`), passport.NoReason},
		{"nam empty", "rcd", with(`"rcd":{"nam":""},`), passport.NoReason},
		{"crn alone", "rcd", with(`"crn":"Delivery",`), passport.NoReason},
		{"neither", "rcd", basePayload, passport.MissingClaim},
		{"no nam", "rcd", with(`"rcd":{"icn":"https://a/b"},`), passport.MissingClaim},
		{"empty", "rcd", with(`"rcd":{},`), passport.MissingClaim},
		{"a string", "rcd", with(`"rcd":"Bob",`), passport.BadClaim},
		{"nam null", "rcd", with(`"rcd":{"nam":null},`), passport.BadClaim},
		{"nam with an escape sequence", "rcd", with(`"rcd":{"nam":"\u001b[31mBob"},`), passport.BadClaim},
		{"nam with line break", "rcd", with(`"rcd":{"nam":"Bob\r\nX: y"},`), passport.BadClaim},
		{"nam with C1", "rcd", with(`"rcd":{"nam":"Bob\u0085"},`), passport.BadClaim},
		{"nam long", "rcd", with(`"rcd":{"nam":"` + strings.Repeat("B", 5000) + `"},`), passport.BadClaim},
		{"apn", "rcd", with(`"rcd":{"apn":"12155550199","nam":"Bob"},`), passport.NoReason},
		{"apn with plus", "rcd", with(`"rcd":{"apn":"+12155550199","nam":"Bob"},`), passport.BadNumber},
		{"icn", "rcd", with(`"rcd":{"icn":"https://a/b.png","nam":"Bob"},`), passport.NoReason},
		{"icn http", "rcd", with(`"rcd":{"icn":"http://a/b.png","nam":"Bob"},`), passport.BadClaim},
		{"icn javascript", "rcd", with(`"rcd":{"icn":"javascript:alert(1)","nam":"Bob"},`), passport.BadClaim},
		{"icn without host", "rcd", with(`"rcd":{"icn":"https:///b","nam":"Bob"},`), passport.BadClaim},
		{"jcl", "rcd", with(`"rcd":{"jcl":"https://a/b.json","nam":"Bob"},`), passport.NoReason},
		{"jcl file", "rcd", with(`"rcd":{"jcl":"file:///etc/passwd","nam":"Bob"},`), passport.BadClaim},
		{"jcd", "rcd", with(`"rcd":{"jcd":` + card + `,"nam":"Bob"},`), passport.NoReason},
		{"jcd and jcl", "rcd", with(`"rcd":{"jcd":` + card + `,"jcl":"https://a/b","nam":"Bob"},`), passport.BadClaim},
		{"jcd no vcard", "rcd", with(`"rcd":{"jcd":["x",[]],"nam":"Bob"},`), passport.BadClaim},
		{"jcd a string", "rcd", with(`"rcd":{"jcd":"vcard","nam":"Bob"},`), passport.BadClaim},
		{"jcd of three", "rcd", with(`"rcd":{"jcd":["vcard",[],[]],"nam":"Bob"},`), passport.BadClaim},
		{"jcd without properties", "rcd", with(`"rcd":{"jcd":["vcard"],"nam":"Bob"},`), passport.BadClaim},
		{"jcd property short", "rcd", with(`"rcd":{"jcd":["vcard",[["fn",{},"text"]]],"nam":"Bob"},`), passport.BadClaim},
		{"jcd uri a number", "rcd", with(`"rcd":{"jcd":["vcard",[["photo",{},"uri",1]]],"nam":"Bob"},`), passport.BadClaim},
		{"unknown element", "rcd", with(`"rcd":{"nam":"Bob","new":[1]},`), passport.NoReason},
		{"rcdi", "rcd", with(`"rcd":{"nam":"B"},"rcdi":{"/nam":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"},`), passport.NoReason},
		{"rcdi without rcd", "rcd", with(`"crn":"x","rcdi":{"/nam":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"},`),
			passport.MissingClaim},
		{"rcdi empty", "rcd", with(`"rcd":{"nam":"B"},"rcdi":{},`), passport.BadClaim},
		{"rcdi no pointer", "rcd", with(`"rcd":{"nam":"B"},"rcdi":{"nam":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"},`),
			passport.BadClaim},
		{"rcdi bad escape in a pointer", "rcd",
			with(`"rcd":{"nam":"B"},"rcdi":{"/n~2":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"},`), passport.BadClaim},
		{"rcdi unknown hash", "rcd", with(`"rcd":{"nam":"B"},"rcdi":{"/nam":"sha1-AAAA"},`), passport.BadDigest},
		{"rcdi null", "rcd", with(`"rcd":{"nam":"B"},"rcdi":{"/nam":null},`), passport.BadDigest},
		{"rcdi an array", "rcd", with(`"rcd":{"nam":"B"},"rcdi":[],`), passport.BadClaim},
		{"crn empty", "rcd", with(`"crn":"",`), passport.BadClaim},
		{"crn with line break", "rcd", with(`"crn":"a\nb",`), passport.BadClaim},
	})
}
