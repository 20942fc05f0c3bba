package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse.example/verdict"
)

// sample is a day and a half of a small office, with an attacker who writes markup.
func sample() *Summary {
	s := new(Summary)
	begin := time.Date(2026, 1, 5, 20, 0, 0, 0, time.UTC)
	for i := range 20 {
		v := verdict.Verdict{ID: fmt.Sprint("id", i), Time: begin.Add(time.Duration(i) * time.Hour), Mode: verdict.Enforce,
			From: verdict.From{Claimed: "sip:mum@example.test"}, Source: verdict.Source{Address: "[2001:db8::1]:5060"}}
		if i%4 == 0 {
			v.From.Claimed, v.Action, v.Score = "sip:<script>@x.test", verdict.Reject, 15
			v.Signals = verdict.Signals{{Name: "LISTS_BLOCKED", Strength: 1, Score: 15, Evidence: "\x1b[2J"}}
		}
		switch i {
		case 0:
			v.Feedback = "spam"
		case 1:
			v.Feedback, v.Mode, v.Would = "ham", verdict.Monitor, verdict.Reject
		case 2:
			v.Kind, v.Source.Peer = verdict.Message, "carrier"
		case 3:
			v.Feedback = "spam"
		}
		s.Add(&v)
	}
	return s
}

func TestReportSaysWhatWasDoneAndWhoWasHarmed(t *testing.T) {
	var text, page strings.Builder
	s := sample()
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"20 attempts, 2026-01-05 20:00:00 to 2026-01-06 15:00:00 UTC", "  relay                15   75.0 %", "  reject                5   25.0 %",
		"with the 1 of monitor mode\n  reject                1  100.0 %", "  message               1    5.0 %",
		"spam                  1 came through, 0 of them marked; 1 were stopped", "welcome               0 came through, 0 of them marked; 1 WERE STOPPED",
		"2026-01-05 21:00:00 id1 \"sip:mum@example.test\": relay (monitor, would reject) 0",
		"LISTS_BLOCKED                         5 attempts,        5 stopped, +15.0 on average", `         5  "sip:<script>@x.test"`,
		`"peer carrier"`, `        19  "[2001:db8::1]"`, "2026-01-05        4 attempts,        2 stopped",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	for _, want := range []string{"<td>LISTS_BLOCKED<td class=\"n\">5<td class=\"n\">5<td class=\"n\">&#43;15.0", "sip:&lt;script&gt;@x.test", `class="n harm">1`, "2026-01-06: 16 attempts, 4 stopped"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	for _, never := range []string{"<script", "http:", "https:", "\x1b"} {
		if strings.Contains(page.String(), never) {
			t.Errorf("%q in the page", never)
		}
	}
}

func TestEmptyReportSaysSo(t *testing.T) {
	var text, page strings.Builder
	s := new(Summary)
	if err := s.WriteText(&text); err != nil || text.String() != "Nothing came in this time.\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
	if err := s.WriteHTML(&page); err != nil || !strings.Contains(page.String(), "Nothing came") {
		t.Errorf("%q, %v", page.String(), err)
	}
}

// TestFrequentNamesOutlastAFlood: a hundred thousand new names cost no memory, and who comes often stays.
func TestFrequentNamesOutlastAFlood(t *testing.T) {
	var f frequent
	for i := range 100_000 {
		f.add(fmt.Sprint("new ", i))
		if i%10 == 0 {
			f.add("often")
		}
	}
	if len(f.counts) > maxNames {
		t.Errorf("%d names are kept", len(f.counts))
	}
	if top := f.top()[0]; top.Name != "often" || top.Attempts != 10_000 {
		t.Errorf("the first is %+v", top)
	}
}
