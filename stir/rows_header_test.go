package stir_test

import (
	"strings"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
)

func headerRows() []row {
	return []row{
		{"no Identity header field", "RFC 8224 §6.2.2", "428 Use Identity Header: no Identity header field", func(w *world) string {
			res := w.verify(nil)
			return summary(&res)
		}},
		{"full form, shaken", "RFC 8224 §4.1, RFC 8588", "valid, attestation A", func(w *world) string { return w.one(w.shaken()) }},
		{"full form without extension", "RFC 8224 §4.1", "valid", func(w *world) string { return w.one(w.baseline()) }},
		{"full form without extension, no alg parameter", "RFC 8224 §4", "valid", func(w *world) string {
			return w.one(strings.Replace(w.baseline(), ";alg=ES256", "", 1))
		}},
		{"compact form without extension", "RFC 8224 §4.1.1, RFC 8225 §7", "valid", func(w *world) string { return w.one(compact(w.baseline())) }},
		{"compact form, From changed on the way", "RFC 8224 §6.2 step 5", "438 Invalid Identity Header: signature does not match", func(w *world) string {
			return w.one(compact(w.baseline()), from("<sip:+12155559999@carrier.example>"))
		}},
		{"compact form, Date moved by a second", "RFC 8224 §6.2 step 5", "438 Invalid Identity Header: signature does not match", func(w *world) string {
			return w.one(compact(w.baseline()), date(w.now.Add(-time.Second)))
		}},
		{"compact form without Date", "RFC 8224 §6.2 step 4", "403 Stale Date: no Date", func(w *world) string {
			return w.one(compact(w.baseline()), rawDate(""))
		}},
		{"compact form of shaken", "RFC 8588 §7, RFC 8224 §6.1.1", "438 Invalid Identity Header: compact form of an extension", func(w *world) string {
			return w.one(compact(w.shaken()))
		}},
		{"compact form between addresses of domains", "RFC 8224 §6.2 step 5, §8.5", "valid", func(w *world) string {
			return w.one(compact(w.baseline(func(c *passport.Claims) {
				c.Orig, c.Dest = passport.Identity{URI: "sip:alice@carrier.example"}, passport.Destinations{URI: []string{"sip:bob@example.com"}}
			})), from("<sip:Alice@carrier.example;x=y>"), to("<sip:bob@EXAMPLE.com:5060>"))
		}},
		{"compact form of an anonymous caller whom a trusted peer asserts", "RFC 8224 §6.2 step 2", "valid", func(w *world) string {
			return w.one(compact(w.baseline()), from("<sip:anonymous@anonymous.invalid>"), header("P-Asserted-Identity: <tel:+12155551000>"), trusted())
		}},
		{"compact form of something unknown: ignored", "RFC 8224 §6.2 step 1", "428 Use Supported PASSporT Format: unsupported PASSporT extension", func(w *world) string {
			return w.one(compact(w.baseline()) + ";ppt=foo")
		}},
		{"compact form, alg parameter is not ES256", "RFC 8224 §6.2 step 3", "437 Unsupported Credential: unsupported alg parameter", func(w *world) string {
			return w.one(strings.Replace(compact(w.baseline()), "ES256", "ES384", 1))
		}},
		{"compact form, Date too old", "RFC 8224 §6.2 step 4", "403 Stale Date: Date is too old", func(w *world) string {
			return w.one(compact(w.baseline()), date(w.now.Add(-2*time.Minute)))
		}},
		{"compact form with half a signature", "RFC 7518 §3.4", "438 Invalid Identity Header: token refused, signature is not 64 octets", func(w *world) string {
			return w.one("..AAAA;info=<" + certURL + ">;alg=ES256")
		}},
		{"ppt in quotes", "RFC 8588 §6", "valid, attestation A", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), "ppt=shaken", `ppt="shaken"`, 1))
		}},
		{"folded between the parameters, names in capitals", "RFC 3261 §7.3.1", "valid, attestation A", func(w *world) string {
			return w.one(strings.NewReplacer(";info=", "\r\n ; INFO = ", ";alg=", ";\r\n\tAlg=").Replace(w.shaken()))
		}},
		{"compact name of the header field", "RFC 3261 §7.3.3, RFC 8224 §4", "valid, attestation A", func(w *world) string {
			res := w.verify(nil, header("y: "+w.shaken()))
			return summary(&res)
		}},
		{"info parameter missing", "RFC 8224 §4, French table", "436 Bad Identity Info: no info parameter", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ";info=<"+certURL+">", "", 1))
		}},
		{"info and x5u differ", "RFC 8224 §6.2 step 3, French table", "436 Bad Identity Info: info and x5u differ", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), certURL, certURL+"2", 1))
		}},
		{"info without brackets", "RFC 8224 §4", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one(strings.NewReplacer("<", "", ">", "").Replace(w.shaken()))
		}},
		{"info is no absolute URI", "RFC 8224 §4, STANDARDS 5.18", "436 Bad Identity Info: info is no URI", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), certURL, "/etc/cert.pem", 1))
		}},
		{"info twice", "RFC 8224 §4", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one(w.shaken() + ";info=<" + certURL + ">")
		}},
		{"info is not the first parameter", "RFC 8224 §4", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			token, _, _ := strings.Cut(w.shaken(), ";")
			return w.one(token + ";alg=ES256;info=<" + certURL + ">;ppt=shaken")
		}},
		{"alg twice", "RFC 8224 §4", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one(w.shaken() + ";alg=ES256")
		}},
		{"shaken without alg parameter", "French table", "437 Unsupported Credential: no alg parameter", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ";alg=ES256", "", 1))
		}},
		{"shaken without alg parameter, lenient", "RFC 8224 §4", "valid, attestation A", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ";alg=ES256", "", 1), lenient())
		}},
		{"alg parameter of something else", "RFC 8224 §6.2 step 3, French table", "437 Unsupported Credential: unsupported alg parameter", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), "alg=ES256", "alg=XX564", 1))
		}},
		{"alg parameter in small letters", "RFC 7515 §4.1.1", "437 Unsupported Credential: unsupported alg parameter", func(w *world) string {
			return w.one(strings.Replace(w.baseline(), "alg=ES256", "alg=es256", 1))
		}},
		{"ppt parameter missing", "French table", "438 Invalid Identity Header: no ppt parameter", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ";ppt=shaken", "", 1))
		}},
		{"ppt parameter of something unknown, shaken token", "French table", "438 Invalid Identity Header: ppt parameter and token differ", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), "ppt=shaken", "ppt=hey", 1))
		}},
		{"ppt parameter shaken, token of something else", "French table", "438 Invalid Identity Header: ppt parameter and token differ", func(w *world) string {
			return w.one(w.spoilt(`"ppt":"shaken"`, `"ppt":"no_shaken"`))
		}},
		{"ppt missing in the token only", "French table", "436 Bad Identity Info: ppt parameter without ppt in the token", func(w *world) string {
			return w.one(w.spoilt(`"ppt":"shaken",`, ""))
		}},
		{"ppt unknown in parameter and token: ignored", "RFC 8224 §6.2 step 1", "428 Use Supported PASSporT Format: unsupported PASSporT extension", func(w *world) string {
			return w.one(strings.Replace(w.spoilt(`"ppt":"shaken"`, `"ppt":"foo"`), "ppt=shaken", "ppt=foo", 1))
		}},
		{"div-o, which is not for SIP: ignored", "RFC 8946 §5", "428 Use Supported PASSporT Format: unsupported PASSporT extension", func(w *world) string {
			c := w.claims()
			c.Div, c.Opt = passport.Identity{TN: callee}, strings.SplitN(w.shaken(), ";", 2)[0]
			return w.one(field(w.leaf.Sign(passport.Header{PPT: passport.DivO, X5U: certURL}, c), passport.DivO))
		}},
		{"shaken with one parameter too many", "French table", "438 Invalid Identity Header: parameter that is not defined", func(w *world) string {
			return w.one(w.shaken() + ";toto=titi")
		}},
		{"shaken with one parameter too many, lenient", "RFC 8224 §4", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken()+`;toto="ti;t,i"`, lenient())
		}},
		{"a field without a value", "RFC 8224 §4", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one("")
		}},
		{"octets that no token has", "RFC 8224 §4, erratum 6499", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one("!" + w.shaken())
		}},
		{"a field that is longer than 8192 octets", "ours", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			m, c := w.message(nil)
			r := stir.RequestOf(m, stir.RequestOptions{})
			r.Identities = [][]byte{[]byte(strings.Repeat("a", 9000))}
			return verifyRequest(c, &r)
		}},
		{"From of a telephone without a number", "RFC 8224 §8.1, French table", "400 Bad Request: From names nobody", func(w *world) string {
			return w.one(w.shaken(), from("<sip:++4@carrier.example;user=phone>"))
		}},
		{"From of a scheme that is not of telephony", "RFC 8224 §8.1", "400 Bad Request: From names nobody", func(w *world) string {
			return w.one(w.shaken(), from("<http://carrier.example/alice>"))
		}},
	}
}

func lenient() option { return config(func(c *stir.VerifierConfig) { c.Lenient = true }) }

// compact makes the compact form of a header field's value.
func compact(value string) string {
	token, rest, _ := strings.Cut(value, ";")
	return passport.Compact(token) + ";" + rest
}
