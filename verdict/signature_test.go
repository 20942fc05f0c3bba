package verdict_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

func signed() verdict.Verdict {
	v := sample()
	v.From.Signature = &verdict.Signature{
		Outcome: verdict.SignatureValid, Attestation: "A", Signer: "1234", Organization: "Carrier <Inc.>",
		URL: "https://cert.carrier.test/1.pem", OrigID: "8ea9ec1c-0000-4000-8000-000000000000", Verstat: "TN-Validation-Passed-A",
	}
	return v
}

const signedFrom = `"from":{"claimed":"sip:+15551230001@carrier.test","display":"Bank","identity":"tel:+15551230001","proof":"stir-a",` +
	`"signature":{"outcome":"valid","attestation":"A","signer":"1234","organization":"Carrier \u003cInc.\u003e",` +
	`"url":"https://cert.carrier.test/1.pem","origid":"8ea9ec1c-0000-4000-8000-000000000000","verstat":"TN-Validation-Passed-A"}},"to":`

func TestSignatureJSON(t *testing.T) {
	v := signed()
	got := string(v.AppendJSON(nil))
	if !strings.Contains(got, signedFrom) {
		t.Errorf("got %s", got)
	}
	var back verdict.Verdict
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, v) {
		t.Errorf("read back %+v", back)
	}
}

func TestSignatureJSONEqualsEncodingJSON(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"\xff", "\r\n", "</script>", "\u2028"}))
	rapid.Check(t, func(t *rapid.T) {
		v := verdict.Verdict{From: verdict.From{Signature: &verdict.Signature{
			Outcome: text.Draw(t, "outcome"), Reason: text.Draw(t, "reason"), Attestation: text.Draw(t, "attestation"), Signer: text.Draw(t, "signer"),
			Organization: text.Draw(t, "organization"), URL: text.Draw(t, "url"), OrigID: text.Draw(t, "origid"),
			Diverted: rapid.Bool().Draw(t, "diverted"), Verstat: text.Draw(t, "verstat"),
		}}}
		want, err := json.Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.AppendJSON(nil); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

func TestCloneCopiesTheSignature(t *testing.T) {
	v := signed()
	c := v.Clone()
	v.From.Signature.Signer = "changed"
	if want := signed(); !reflect.DeepEqual(*c, want) {
		t.Errorf("the copy changed with the original: %+v", c.From.Signature)
	}
}

func TestSignedAppendJSONAllocatesNothing(t *testing.T) {
	v, buf := signed(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = v.AppendJSON(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
