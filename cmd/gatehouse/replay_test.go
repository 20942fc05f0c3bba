package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/effect"
	"gatehouse.example/internal/replay"
)

// world writes the event file of a small world, with a configuration for it.
func (p *place) world() {
	p.t.Helper()
	o := effect.Quick()
	o.Users, o.Days = 60, 4
	w := effect.Make(o)
	var events strings.Builder
	if _, err := w.WriteTo(&events); err != nil {
		p.t.Fatal(err)
	}
	p.write("events.jsonl", events.String())
	p.write("world.yaml", w.Config(&effect.Case{}))
}

// TestReplayTwiceGivesTheSameBytes: with all checks as they are shipped, whose seeds come from --seed.
func TestReplayTwiceGivesTheSameBytes(t *testing.T) {
	p := newPlace(t)
	p.world()
	first, summary, status := p.run("", "--config", "world.yaml", "replay", "events.jsonl", "--seed", "7")
	if status != 0 || !strings.Contains(summary, "from outside: ") || !strings.Contains(first, `"relayed":true,"introduced":""}`) {
		t.Fatalf("status %d, summary %q", status, summary)
	}
	again, summaryAgain, _ := p.run("", "--config", "world.yaml", "replay", "events.jsonl", "--seed", "7")
	if first != again || summary != summaryAgain {
		a, b := strings.Split(first, "\n"), strings.Split(again, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d was\n%s\nand is\n%s", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d and %d lines; summaries\n%s\n%s", len(a), len(b), summary, summaryAgain)
	}
}

func TestReplayComparesTwoPolicies(t *testing.T) {
	p := newPlace(t)
	p.write("events.jsonl", `{"id":"e1","time":"2026-01-05T08:00:00Z","kind":"call","from":"sip:eve@x.test","to":"sip:bob@example.test","user_agent":"bad/1"}
{"id":"e2","time":"2026-01-05T08:00:01Z","kind":"call","from":"sip:mum@y.test","to":"sip:bob@example.test"}
`)
	p.write("block.txt", "ua:bad\n")
	p.write("milder.yaml", "domains:\n  - {name: example.test, deliver: home, mode: enforce}\npolicy:\n  weights: {LISTS_BLOCKED_AGENT: 0}\n")
	out, errs, status := p.run("", "replay", "events.jsonl", "--block", "block.txt", "--policy", "milder.yaml", "--brief")
	if status != 0 || strings.Count(out, `"relayed":true`) != 2 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	for _, want := range []string{"2 events, 2026-01-05 08:00:00", "what would change: 1 of 2 events", `"e1" "sip:eve@x.test"`, "LISTS_BLOCKED_AGENT"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	if _, errs, _ := p.run("", "replay", "events.jsonl", "--policy", "milder.yaml", "--no-compare"); strings.Contains(errs, "would change") {
		t.Errorf("compared nevertheless: %s", errs)
	}
	if _, errs, status := p.run("", "replay", "nowhere.pcap"); status != 1 || !strings.HasPrefix(errs, "gatehouse: cannot read the input") {
		t.Errorf("%d, %q", status, errs)
	}
	if _, errs, status := p.run("nonsense", "replay"); status != 1 || !strings.HasPrefix(errs, "gatehouse: replay: line 1:") {
		t.Errorf("%d, %q", status, errs)
	}
}

func TestReplayReadsACaptureFromStdin(t *testing.T) {
	p := newPlace(t)
	invite := "INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:eve@x.test>;tag=a\r\n" +
		"To: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
	ip := "\x45\x00" + be16(28+len(invite)) + "\x00\x00\x00\x00\x40\x11\x00\x00\xC0\x00\x02\x07\xC0\x00\x02\x01" + be16(5060) + be16(5060) + be16(8+len(invite)) + "\x00\x00" + invite
	file := "\xA1\xB2\xC3\xD4\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\xFF\x00\x00\x00\x65" +
		"\x69\x5B\x6F\x00\x00\x00\x00\x00\x00\x00" + be16(len(ip)) + "\x00\x00" + be16(len(ip)) + ip
	out, errs, status := p.run(file, "replay")
	if status != 0 || !strings.Contains(out, `"from":{"claimed":"sip:eve@x.test"`) || !strings.Contains(out, `"address":"192.0.2.7:5060","transport":"udp"`) {
		t.Errorf("%d\n%s\n%s", status, out, errs)
	}
}

func be16(n int) string { return string([]byte{byte(n >> 8), byte(n)}) }

func TestReportSumsUpTheHistory(t *testing.T) {
	p := newPlace(t)
	if out := p.must("", "report"); out != "Nothing came in this time.\n" {
		t.Errorf("got %q", out)
	}
	if out := p.must("", "report", "--since", "2026-01-01", "--html"); !strings.Contains(out, "<h1>What came to the gate</h1>") {
		t.Errorf("got %q", out)
	}
	if out := p.must("", "report", "--json", "--since", "30d", "--until", "1d"); !strings.Contains(out, `"attempts": 0`) || !strings.Contains(out, `"days": []`) {
		t.Errorf("got %q", out)
	}
	if _, errs, status := p.run("", "report", "--since", "yesterday"); status != 2 || !strings.HasPrefix(errs, "gatehouse: --since: ") {
		t.Errorf("%d, %q", status, errs)
	}
}

// BenchmarkReplay plays a world with all checks as they are shipped, from the octets of its file to those of the verdicts.
func BenchmarkReplay(b *testing.B) {
	o := effect.Quick()
	w := effect.Make(o)
	var events strings.Builder
	if _, err := w.WriteTo(&events); err != nil {
		b.Fatal(err)
	}
	file := b.TempDir() + "/world.yaml"
	if err := os.WriteFile(file, []byte(w.Config(&effect.Case{})), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := (&app{ctx: b.Context(), config: file}).load()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		show := &replayShow{out: replay.NewWriter(io.Discard)}
		c := &replayCmd{Seed: 1}
		if err := c.play(&app{ctx: b.Context()}, []*config.Config{cfg}, replay.NewFile(strings.NewReader(events.String())), show); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*w.Len())/b.Elapsed().Seconds(), "events/s")
}
