package stir_test

import (
	"context"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
)

func timeRows() []row {
	issued := func(w *world, ago time.Duration) func(*passport.Claims) {
		return func(c *passport.Claims) { c.IssuedAt = w.now.Add(-ago).Unix() }
	}
	return []row{
		{"Date and iat 60 s old", "RFC 8224 §6.2 step 4", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(issued(w, time.Minute)), date(w.now.Add(-time.Minute)))
		}},
		{"Date 61 s old, iat fresh", "RFC 8224 §6.2 step 4, French table", "403 Stale Date: Date is too old", func(w *world) string {
			return w.one(w.shaken(), date(w.now.Add(-61*time.Second)))
		}},
		{"Date 61 s ahead, iat fresh", "French table", "403 Stale Date: Date is in the future", func(w *world) string {
			return w.one(w.shaken(), date(w.now.Add(61*time.Second)))
		}},
		{"Date fresh, iat 61 s old", "RFC 8224 §6.2.2, French table", "403 Stale Date: iat is too old", func(w *world) string {
			return w.one(w.shaken(issued(w, 61*time.Second)))
		}},
		{"Date fresh, iat 61 s ahead", "French table", "403 Stale Date: iat is in the future", func(w *world) string {
			return w.one(w.shaken(issued(w, -61*time.Second)))
		}},
		{"Date and iat differ, both fresh: iat counts", "RFC 8224 §6.2 step 4", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(issued(w, 30*time.Second)), date(w.now.Add(20*time.Second)))
		}},
		{"iat in the year 9999", "RFC 8225 §5.1.1", "403 Stale Date: iat is in the future", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) { c.IssuedAt = 253402300799 }))
		}},
		{"no Date, full form, iat fresh", "RFC 8224 §6.2 step 4", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), rawDate(""))
		}},
		{"no Date, where one is required", "RFC 8224 §6.2 step 4", "403 Stale Date: no Date", func(w *world) string {
			return w.one(w.shaken(), rawDate(""), config(func(c *stir.VerifierConfig) { c.RequireDate = true }))
		}},
		{"Date that is none", "RFC 3261 §20.17", "403 Stale Date: malformed Date", func(w *world) string {
			return w.one(w.shaken(), rawDate("yesterday"))
		}},
		{"Date with the wrong day of the week", "RFC 3261 §20.17", "403 Stale Date: malformed Date", func(w *world) string {
			return w.one(w.shaken(), rawDate("Xyz"+string(stir.AppendDate(nil, w.now))[3:]))
		}},
		{"the same call again: retransmission, fork, credentials", "RFC 8224 §12.1", "valid, attestation A", func(w *world) string {
			return w.twice(func(*stir.Request) {})
		}},
		{"the token in another call", "RFC 8224 §12.1, STANDARDS 5.21", "438 Invalid Identity Header: token was used in another call", func(w *world) string {
			return w.twice(func(r *stir.Request) { r.CallID = []byte("another") })
		}},
		{"the token in another call, with another valid signature", "STANDARDS 5.19", "438 Invalid Identity Header: token was used in another call", func(w *world) string {
			return w.twice(func(r *stir.Request) {
				r.CallID = []byte("another")
				r.Identities = [][]byte{[]byte(otherSignature(string(r.Identities[0])))}
			})
		}},
		{"a trusted peer rings another callee with the token", "ours", "valid, attestation A", func(w *world) string {
			return w.forked(func(r *stir.Request) {
				r.CallID, r.RequestURI = []byte("another"), stir.Party{URI: "sip:carol@example.com"}
			})
		}},
		{"a trusted peer rings the same callee again", "RFC 8224 §12.1", "438 Invalid Identity Header: token was used in another call", func(w *world) string {
			return w.forked(func(r *stir.Request) { r.CallID = []byte("another") })
		}},
		{"another peer rings another callee with the token", "RFC 8224 §12.1", "438 Invalid Identity Header: token was used in another call", func(w *world) string {
			return w.forked(func(r *stir.Request) {
				r.Via, r.CallID, r.RequestURI = "other", []byte("another"), stir.Party{URI: "sip:carol@example.com"}
			})
		}},
		{"somebody rings another callee with the token", "RFC 8224 §12.1", "438 Invalid Identity Header: token was used in another call", func(w *world) string {
			return w.twice(func(r *stir.Request) {
				r.CallID, r.RequestURI = []byte("another"), stir.Party{URI: "sip:carol@example.com"}
			})
		}},
		{"a forged token does not make the real one a replay", "RFC 8224 §12.1", "valid, attestation A", func(w *world) string {
			good := w.shaken()
			forged := withSignature(good, signatureOf(w.baseline()))
			replay := stir.NewReplay(stir.ReplayConfig{})
			opt := config(func(c *stir.VerifierConfig) { c.Replay = replay })
			if got := w.one(forged, opt, func(c *call) { c.callID = "forged@pc33" }); got == "valid, attestation A" {
				return "forged token: " + got
			}
			return w.one(good, opt)
		}},
	}
}

// twice verifies a request and then a changed one with the same memory.
func (w *world) twice(change func(*stir.Request)) string { return w.again("", change) }

// forked is twice for requests that a trusted peer brings.
func (w *world) forked(change func(*stir.Request)) string { return w.again("carrier", change) }

func (w *world) again(via string, change func(*stir.Request)) string {
	m, c := w.message([]string{w.shaken()})
	c.config.Replay = stir.NewReplay(stir.ReplayConfig{})
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		panic(err)
	}
	r := stir.RequestOf(m, stir.RequestOptions{})
	r.Via = via
	if res := v.Verify(context.Background(), &r); res.Outcome != stir.Valid {
		return "first: " + summary(&res)
	}
	change(&r)
	res := v.Verify(context.Background(), &r)
	return summary(&res)
}
