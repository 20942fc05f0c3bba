package main

import (
	"testing"

	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// TestAWordIsAboutWhoWasProven: a stored attempt names its caller as the checks did that saw it, or what is said of it is said of nobody.
func TestAWordIsAboutWhoWasProven(t *testing.T) {
	plan := uri.Plan{Country: "1", International: "011", Trunk: "1"}
	signature := &verdict.Signature{Outcome: verdict.SignatureValid, Attestation: "A", Signer: "carrier.test"}
	for _, ev := range []screen.Event{
		{From: "sip:+15551230001@carrier.test", Proof: verdict.StirA, Signature: signature},
		{From: "sip:+15551230001@carrier.test", Proof: verdict.StirB, Identity: "tel:+12125550000"},
		{From: "sip:+15551230001@carrier.test", Proof: verdict.Trunk},
		{From: "sip:carol@partner.test", Proof: verdict.TLS},
		{From: "sip:15551230001@example.test", Proof: verdict.Digest},
		{From: "sip:anonymous@anonymous.invalid", Proof: verdict.Trunk},
		{From: "sip:+15551230001@carrier.test", Proof: verdict.StirA, Identity: "sip:anonymous@anonymous.invalid"},
		{From: "sip:+15551230001@carrier.test"},
	} {
		ev.Kind, ev.To, ev.Source, ev.Peer = verdict.Call, "sip:bob@example.test", "198.51.100.7:5060", "carrier"
		want, err := ev.Attempt(plan)
		if err != nil {
			t.Fatal(err)
		}
		var v verdict.Verdict
		want.Describe(&v)
		got, err := again(&v, plan)
		if err != nil {
			t.Fatal(err)
		}
		if got.From.Identity != want.From.Identity || got.From.Proof != want.From.Proof || got.IdentityNumber != want.IdentityNumber || got.IdentityDomain != want.IdentityDomain ||
			got.FromNumber != want.FromNumber || got.ToNumber != want.ToNumber || got.Signature.Signer != want.Signature.Signer || got.Signature.Outcome != want.Signature.Outcome {
			t.Errorf("%s by %s: %+v\nwas %+v", ev.From, ev.Proof, got, want)
		}
	}
}
