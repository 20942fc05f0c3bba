package stir_test

import (
	"fmt"
	"strings"

	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
)

const sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AB:CD:EF:01\r\n"

// msg signs a MESSAGE with this body.
func (w *world) msg(signed string) string {
	digest, err := passport.Digest(passport.SHA256, []byte(signed))
	if err != nil {
		panic(err)
	}
	c := w.claims()
	c.Attest, c.OrigID, c.MsgIntegrity = "", "", digest
	return field(w.leaf.Sign(passport.Header{PPT: passport.Msg, X5U: certURL}, c), passport.Msg)
}

func keys(digest string) func(*passport.Claims) {
	return func(c *passport.Claims) { c.MediaKeys = []passport.MediaKey{{Alg: "sha-256", Digest: digest}} }
}

// rph signs a priority.
func (w *world) rph(assertion, value, sph string) string {
	c := w.claims()
	c.Attest, c.OrigID = "", ""
	c.RPH, c.SPH = []passport.Priority{{Assertion: assertion, Values: []string{value}}}, sph
	return field(w.leaf.Sign(passport.Header{PPT: passport.Rph, X5U: certURL}, c), passport.Rph)
}

func contentRows() []row {
	const (
		media    = "438 Invalid Identity Header: media keys are not those that were signed"
		message  = "438 Invalid Identity Header: body is not the one that was signed"
		priority = "438 Invalid Identity Header: priority is not the one that was signed"
	)
	return []row{
		{"MESSAGE with the signed body", "RFC 9475 §3.2", "valid, body proven", func(w *world) string {
			return w.one(w.msg("hello"), method("MESSAGE"), body("hello"), header("Content-Type: text/plain"))
		}},
		{"MESSAGE with another body", "RFC 9475 §3.2", message, func(w *world) string {
			return w.one(w.msg("hello"), method("MESSAGE"), body("buy now"), header("Content-Type: text/plain"))
		}},
		{"MESSAGE with a token that says nothing of the body", "RFC 8224 §6.2", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), method("MESSAGE"), body("hello"), header("Content-Type: text/plain"))
		}},
		{"media keys as signed", "RFC 8225 §5.2.2, RFC 8224 §4.1.1", "valid", func(w *world) string {
			return w.one(w.baseline(keys("ABCDEF01")), body(sdp), header("Content-Type: application/sdp"))
		}},
		{"media keys as signed, compact form", "RFC 8224 §6.2 step 5", "valid", func(w *world) string {
			return w.one(compact(w.baseline(keys("ABCDEF01"))), body(sdp), header("Content-Type: application/sdp"))
		}},
		{"media keys exchanged", "RFC 8224 §12.1", media, func(w *world) string {
			return w.one(w.baseline(keys("ABCDEF01")), body(strings.Replace(sdp, "AB:CD", "AB:CE", 1)), header("Content-Type: application/sdp"))
		}},
		{"one media key added", "RFC 8224 §12.1", media, func(w *world) string {
			return w.one(w.baseline(keys("ABCDEF01")), body(sdp+"a=fingerprint:sha-256 00:00:00:00\r\n"), header("Content-Type: application/sdp"))
		}},
		{"thousands of media keys", "ours", media, func(w *world) string {
			var b strings.Builder
			for i := range 2000 {
				fmt.Fprintf(&b, "a=fingerprint:sha-256 %08X\r\n", i)
			}
			return w.one(w.baseline(keys("00000001")), body(sdp+b.String()), header("Content-Type: application/sdp"))
		}},
		{"media keys taken away", "RFC 8224 §12.1", media, func(w *world) string {
			return w.one(w.baseline(keys("ABCDEF01")))
		}},
		{"rich call data: shown", "RFC 9795 §5", "valid, attestation A, shows \"Example Bank\", Fraud alert", func(w *world) string {
			return w.shown(w.shaken(func(c *passport.Claims) {
				c.RCD, c.CallReason = &passport.RCD{Name: "Example Bank"}, "Fraud alert"
			}))
		}},
		{"rich call data with digests that match", "RFC 9795 §6", "valid, attestation A, shows \"Example Bank\", checked", func(w *world) string {
			return w.shown(w.shaken(func(c *passport.Claims) {
				c.RCD = &passport.RCD{Name: "Example Bank"}
				c.RCDIntegrity, _ = passport.DigestRCD(passport.SHA256, c.RCD, nil)
			}))
		}},
		{"rich call data with a digest of something else", "RFC 9795 §6", "438 Invalid Identity Header: rich call data is not what was signed, digest does not match", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) {
				c.RCD = &passport.RCD{Name: "Example Bank"}
				c.RCDIntegrity, _ = passport.DigestRCD(passport.SHA256, &passport.RCD{Name: "Other Bank"}, nil)
			}))
		}},
		{"token of kind rcd", "RFC 9795 §5", "valid, shows \"Example Bank\"", func(w *world) string {
			c := w.claims()
			c.Attest, c.OrigID, c.RCD = "", "", &passport.RCD{Name: "Example Bank"}
			return w.shown(field(w.leaf.Sign(passport.Header{PPT: passport.Rcd, X5U: certURL}, c), passport.Rcd))
		}},
		{"a display name in From is not proven", "RFC 8224 §12.6", "valid, attestation A, shows nothing", func(w *world) string {
			return w.shown(w.shaken())
		}},
		{"priority beside a shaken token", "RFC 8443 §5", "valid, attestation A, priority ets.0", func(w *world) string {
			return w.ranked([]string{w.shaken(), w.rph("auth", "ets.0", "")}, header("Resource-Priority: ets.0"))
		}},
		{"priority alone proves no caller", "RFC 8443 §5", "428 Use Identity Header: proves a priority, not a caller, priority ets.0", func(w *world) string {
			return w.ranked([]string{w.rph("auth", "ets.0", "")}, header("Resource-Priority: ets.0"))
		}},
		{"Resource-Priority that was not signed", "RFC 8443 §5", priority, func(w *world) string {
			return w.ranked([]string{w.rph("auth", "ets.0", "")}, header("Resource-Priority: ets.0, wps.0"))
		}},
		{"emergency call-back with its priority", "RFC 9027 §5", "valid, attestation A, priority esnet.0, psap-callback", func(w *world) string {
			return w.ranked([]string{w.shaken(), w.rph("EScallback", "esnet.0", "psap-callback")}, header("Resource-Priority: esnet.0", "Priority: psap-callback"))
		}},
		{"Priority that is not the signed one", "RFC 9027 §5", priority, func(w *world) string {
			return w.ranked([]string{w.rph("EScallback", "esnet.0", "psap-callback")}, header("Resource-Priority: esnet.0", "Priority: emergency"))
		}},
	}
}

// shown says what is to be displayed, too.
func (w *world) shown(identity string, opts ...option) string {
	res := w.verify([]string{identity}, opts...)
	s := summary(&res)
	if res.Display == nil {
		return s + ", shows nothing"
	}
	s += `, shows "` + res.Display.Name + `"`
	if res.Display.Reason != "" {
		s += ", " + res.Display.Reason
	}
	if res.Display.Checked {
		s += ", checked"
	}
	return s
}

// ranked says what priority is proven, too.
func (w *world) ranked(identities []string, opts ...option) string {
	res := w.verify(identities, opts...)
	s := summary(&res)
	if len(res.Priorities) > 0 {
		s += ", priority " + strings.Join(res.Priorities, " ")
	}
	if res.Emergency != "" {
		s += ", " + res.Emergency
	}
	return s
}

func severalRows() []row {
	stale := func(w *world) string { return w.shaken(func(c *passport.Claims) { c.IssuedAt -= 1000 }) }
	invalid := func(w *world) string { return w.shaken(func(c *passport.Claims) { c.Orig.TN = other }) }
	unsupported := func(w *world) string { return strings.Replace(w.baseline(), "alg=ES256", "alg=RS256", 1) }
	unreachable := elsewhere
	unknown := func(w *world) string {
		return strings.Replace(w.spoilt(`"ppt":"shaken"`, `"ppt":"foo"`), "ppt=shaken", "ppt=foo", 1)
	}
	all := func(name, want string, fields ...func(*world) string) row {
		return row{name, "RFC 8224 §6.2.2, STANDARDS 2.4", want, func(w *world) string {
			var ids []string
			for _, f := range fields {
				ids = append(ids, f(w))
			}
			res := w.verify(ids)
			return summary(&res)
		}}
	}
	return []row{
		all("one valid field among all kinds of others", "valid, attestation A", unknown, unreachable, unsupported, invalid, stale, func(w *world) string { return w.shaken() }),
		all("without it: stale comes first", "403 Stale Date: iat is too old", unknown, unreachable, unsupported, invalid, stale),
		all("then invalid", "438 Invalid Identity Header: orig is not the caller", unknown, unreachable, unsupported, invalid),
		all("then unsupported", "437 Unsupported Credential: unsupported alg parameter", unknown, unreachable, unsupported),
		all("then unreachable", "436 Bad Identity Info: certificate could not be had", unknown, unreachable),
		all("then unknown extensions", "428 Use Supported PASSporT Format: unsupported PASSporT extension", unknown, unknown),
		{"a comma-separated list in one field", "RFC 3261 §7.3.1", "valid, attestation A", func(w *world) string {
			return w.one(invalid(w) + " ,\r\n " + w.shaken())
		}},
		{"a list that does not balance", "RFC 3261 §7.3.1", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ">", "", 1) + ", " + w.shaken())
		}},
		{"thousands of values in one field", "ours", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			res := w.verify([]string{strings.Repeat("a,", 3000) + w.shaken()})
			if len(res.Each) > stir.MaxIdentities+1 {
				return "all are looked at"
			}
			return summary(&res)
		}},
		{"attestations B and A: A counts", "ours", "valid, attestation A", func(w *world) string {
			res := w.verify([]string{w.shaken(func(c *passport.Claims) { c.Attest = "B" }), w.shaken()})
			return summary(&res)
		}},
		{"more fields than are looked at", "ours", "438 Invalid Identity Header: orig is not the caller", func(w *world) string {
			var ids []string
			for range stir.MaxIdentities {
				ids = append(ids, invalid(w))
			}
			res := w.verify(append(ids, w.shaken()))
			return summary(&res)
		}},
	}
}

// elsewhere is a token whose certificate is somewhere else.
func elsewhere(w *world) string {
	url := certURL + "?gone"
	return strings.ReplaceAll(field(w.leaf.Sign(passport.Header{PPT: passport.Shaken, X5U: url}, w.claims()), passport.Shaken), "<"+certURL+">", "<"+url+">")
}
