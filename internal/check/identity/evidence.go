package identity

import (
	"strconv"
	"time"

	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// signedBy adds who signed, where it is known.
func signedBy(what string, a *screen.Attempt) string {
	who := a.Signature.Organization
	if who == "" {
		who = a.Signature.Signer
	}
	if who == "" {
		return what
	}
	return what + ", signed by " + screen.Quote(who)
}

// because adds the reason, where there is one.
func because(what string, a *screen.Attempt) string {
	if a.Signature.Reason == "" {
		return what
	}
	return what + ": " + screen.Quote(a.Signature.Reason)
}

// mismatch says why the source is not the claimed domain's.
func mismatch(a *screen.Attempt) string {
	if a.SenderProven != "" {
		return "the connection is proven to be that of " + screen.Quote(a.SenderProven) + ", which speaks for its own domain only, not for " + screen.Quote(a.FromDomain)
	}
	return "the source is none of the hosts of " + screen.Quote(a.FromDomain)
}

// takenAway is a sentence for an administrator: domain "bank.test" always proves itself (25 of 25 since 2026-11-01, last 2026-11-20 by "Bank"); this time
// there is no signature.
func takenAway(x *proof.Expectation, a *screen.Attempt) string {
	b := append(make([]byte, 0, 200), x.Subject.Kind.String()...)
	b = append(append(b, ' '), subjectName(x)...)
	if x.Subject.Kind == proof.Peer {
		b = append(b, " always carries proof ("...)
	} else {
		b = append(b, " always proves itself ("...)
	}
	b = strconv.AppendInt(b, int64(x.Proven+0.5), 10)
	b = append(b, " of "...)
	b = strconv.AppendInt(b, int64(x.Proven+x.Missing+0.5), 10)
	b = append(b, " since "...)
	b = x.First.AppendFormat(b, time.DateOnly)
	b = append(b, ", last "...)
	b = x.Last.AppendFormat(b, time.DateOnly)
	if x.Signer != "" {
		b = append(append(b, " by "...), screen.Quote(x.Signer)...)
	}
	b = append(append(b, "); this time "...), missing(a)...)
	if x.Explained {
		b = append(b, ", as is usual on this way"...)
	}
	return string(b)
}

func subjectName(x *proof.Expectation) string {
	switch x.Subject.Kind {
	case proof.Domain:
		return screen.Quote(x.Subject.Name)
	case proof.Block:
		return x.Subject.Name + "***"
	case proof.Peer:
		return "'" + x.Subject.Name + "'"
	}
	return x.Subject.Name
}

// missing says in which way the proof is missing.
func missing(a *screen.Attempt) string {
	if a.From.Proof == verdict.StirC {
		return "a gateway signed, which proves nothing"
	}
	switch a.Signature.Outcome {
	case verdict.SignatureInvalid:
		return "the signature is not valid"
	case verdict.SignatureStale:
		return "the signature is stale"
	case verdict.SignatureUnsupported:
		return "the signature is not accepted here"
	case verdict.SignatureUnreachable:
		return "the signature points to a certificate that cannot be had and is not the usual one"
	}
	return "there is no signature"
}
