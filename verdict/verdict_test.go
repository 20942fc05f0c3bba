package verdict_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

func sample() verdict.Verdict {
	return verdict.Verdict{
		ID: "01JD0000000000000000000000", Time: time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC),
		Kind: verdict.Call, Mode: verdict.Enforce, Action: verdict.Reject, Score: 15.5,
		From:   verdict.From{Claimed: "sip:+15551230001@carrier.test", Display: "Bank", Identity: "tel:+15551230001", Proof: verdict.StirA},
		To:     verdict.To{Requested: "sip:bob@example.test", User: "sip:bob@example.test"},
		Source: verdict.Source{Address: "192.0.2.7:5060", Transport: "udp", UserAgent: "…"},
		Signals: verdict.Signals{{Name: "LISTS_BLOCKED", Strength: 1, Weight: 15, Score: 15,
			Evidence: "number +1555123* in list 'local', added 2026-11-20"}},
		Response: &verdict.Response{Code: 603, Reason: "Network Blocked"}, ElapsedUS: 41,
	}
}

// contract is the example that users' scripts are written by.
const contract = `{"id":"01JD0000000000000000000000","time":"2026-11-21T12:00:00.123456Z","kind":"call","mode":"enforce","action":"reject","score":15.5,` +
	`"from":{"claimed":"sip:+15551230001@carrier.test","display":"Bank","identity":"tel:+15551230001","proof":"stir-a"},` +
	`"to":{"requested":"sip:bob@example.test","user":"sip:bob@example.test","alias":""},` +
	`"source":{"address":"192.0.2.7:5060","transport":"udp","peer":"","user_agent":"…"},` +
	`"signals":[{"name":"LISTS_BLOCKED","strength":1,"weight":15,"score":15,"evidence":"number +1555123* in list 'local', added 2026-11-20"}],` +
	`"response":{"code":603,"reason":"Network Blocked"},"introduction":"","elapsed_us":41}`

func TestJSONIsTheContracts(t *testing.T) {
	v := sample()
	if got := string(v.AppendJSON(nil)); got != contract {
		t.Errorf("got  %s\nwant %s", got, contract)
	}
	var back verdict.Verdict
	if err := json.Unmarshal([]byte(contract), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, v) {
		t.Errorf("read back %+v\nwant %+v", back, v)
	}
}

func TestNoSignalsAreAnEmptyArray(t *testing.T) {
	var v verdict.Verdict
	std, err := json.Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{string(std), string(v.AppendJSON(nil))} {
		if !strings.Contains(got, `"signals":[],"response":null`) {
			t.Errorf("got %s", got)
		}
	}
}

func TestAppendJSONEqualsEncodingJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "<script>&\u2028\u2029", "\x00\x1f\x7f\"\\\b\f\n\r\t", "\xff\xfe\x80", "a\xc3", "\ufffd", "日本",
	}))
	number := rapid.OneOf(rapid.Float64Range(-100, 100), rapid.Float64(), rapid.SampledFrom([]float64{
		0, math.Copysign(0, -1), 1e-7, 1e-10, 1e21, 1e20, 5e-324, math.MaxFloat64,
	}))
	rapid.Check(t, func(t *rapid.T) {
		v := verdict.Verdict{
			ID: text.Draw(t, "id"), Time: time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
			Kind:   verdict.Kind(rapid.IntRange(0, 5).Draw(t, "kind")),
			Mode:   verdict.Mode(rapid.IntRange(0, 1).Draw(t, "mode")),
			Action: verdict.Action(rapid.IntRange(0, 4).Draw(t, "action")), Would: verdict.Action(rapid.IntRange(0, 4).Draw(t, "would")),
			Score:        number.Draw(t, "score"),
			From:         verdict.From{Claimed: text.Draw(t, "c"), Display: text.Draw(t, "d"), Identity: text.Draw(t, "i"), Proof: verdict.Proof(rapid.IntRange(0, 7).Draw(t, "p"))},
			To:           verdict.To{Requested: text.Draw(t, "r"), User: text.Draw(t, "u"), Alias: text.Draw(t, "a")},
			Source:       verdict.Source{Address: text.Draw(t, "sa"), Transport: text.Draw(t, "st"), Peer: text.Draw(t, "sp"), UserAgent: text.Draw(t, "su")},
			Introduction: text.Draw(t, "intro"), ElapsedUS: rapid.Int64().Draw(t, "us"), Feedback: text.Draw(t, "fb"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "signals") {
			v.Signals = append(v.Signals, verdict.Signal{Name: text.Draw(t, "n"), Strength: number.Draw(t, "st"),
				Weight: number.Draw(t, "w"), Score: number.Draw(t, "sc"), Evidence: text.Draw(t, "ev")})
		}
		if rapid.Bool().Draw(t, "response") {
			v.Response = &verdict.Response{Code: rapid.IntRange(300, 699).Draw(t, "code"), Reason: text.Draw(t, "reason")}
		}
		want, err := json.Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.AppendJSON(nil); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

func TestAppendJSONNeverBreaksOnWhatJSONCannotHold(t *testing.T) {
	v := verdict.Verdict{Score: math.NaN(), Signals: verdict.Signals{{Weight: math.Inf(1)}}}
	if !json.Valid(v.AppendJSON(nil)) {
		t.Errorf("not JSON: %s", v.AppendJSON(nil))
	}
}

func TestWhy(t *testing.T) {
	monitored := sample()
	monitored.Mode, monitored.Action, monitored.Would = verdict.Monitor, verdict.Relay, verdict.Reject
	several := sample()
	several.Action, several.Score = verdict.Label, 4
	several.Signals = verdict.Signals{{Name: "A", Evidence: "could not tell"}, {Name: "B", Score: -2.5}, {Name: "C", Score: 6.5, Evidence: "line\r\nbreak \x1b[2J \u202e"}}
	for _, c := range []struct {
		name string
		v    verdict.Verdict
		want string
	}{
		{"one reason", sample(), "reject 15.5: LISTS_BLOCKED +15 (number +1555123* in list 'local', added 2026-11-20)"},
		{"monitor", monitored, "relay (monitor, would reject) 15.5: LISTS_BLOCKED +15 (number +1555123* in list 'local', added 2026-11-20)"},
		{"heaviest first, controls escaped", several, `label 4: C +6.5 (line\r\nbreak \x1b[2J \u202e), B -2.5, A 0 (could not tell)`},
		{"nothing", verdict.Verdict{}, "relay 0: nothing found"},
	} {
		if got := c.v.Why(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	v := sample()
	c := v.Clone()
	v.Signals[0].Name, v.Response.Code = "CHANGED", 1
	if want := sample(); !reflect.DeepEqual(*c, want) {
		t.Errorf("the copy changed with the original: %+v", c)
	}
}

func TestWordsRoundTrip(t *testing.T) {
	for i := range 8 {
		var p verdict.Proof
		b, err := verdict.Proof(i).MarshalText()
		if err != nil || p.UnmarshalText(b) != nil || p != verdict.Proof(i) {
			t.Errorf("proof %d: %s, %v", i, b, err)
		}
	}
	var a verdict.Action
	if err := a.UnmarshalText([]byte("refuse")); err == nil || err.Error() != `verdict: unknown action "refuse"` {
		t.Errorf("got %v", err)
	}
	if _, err := verdict.Kind(99).MarshalText(); err == nil {
		t.Error("a kind that does not exist was written")
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	v, buf := sample(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = v.AppendJSON(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	v, buf := sample(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = v.AppendJSON(buf[:0])
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	v := sample()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(&v); err != nil {
			b.Fatal(err)
		}
	}
}
