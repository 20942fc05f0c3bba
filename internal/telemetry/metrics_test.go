package telemetry

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

type stageStats struct {
	Received   uint64
	UDPReaders int
	Inner      struct{ BadCSeq uint32 }
	Name       string
	CRLs       uint16
	Octets     int
	hidden     int
}

func TestStatsBecomeMetricsAtScrapeTime(t *testing.T) {
	m := NewMetrics("v1")
	s := stageStats{Received: 7, UDPReaders: 2, CRLs: 5, Octets: 4096, hidden: 1}
	s.Inner.BadCSeq = 3
	m.AddStats("wire", "Packets:", func() any { return &s }, "UDPReaders")
	for name, want := range map[string]float64{
		"gatehouse_wire_received_total": 7, "gatehouse_wire_udp_readers": 2, "gatehouse_wire_inner_bad_c_seq_total": 3,
		"gatehouse_wire_crls_total": 5, "gatehouse_wire_bytes": 4096, "gatehouse_build_info": 1, "go_goroutines": -1,
	} {
		if got := value(t, m, name, ""); got != want && want >= 0 {
			t.Errorf("%s = %g, want %g", name, got, want)
		}
	}
	s.Received++
	if got := value(t, m, "gatehouse_wire_received_total", ""); got != 8 {
		t.Errorf("a later scrape shows %g", got)
	}
}

func TestAFailingSourceSparesTheOthers(t *testing.T) {
	m := NewMetrics("v1")
	m.Add("broken", func(func(Sample)) { panic("nil map") })
	m.Add("whole", func(emit func(Sample)) { emit(Sample{Name: "gatehouse_whole_total", Help: "x", Value: 5}) })
	if got := value(t, m, "gatehouse_whole_total", ""); got != 5 {
		t.Errorf("whole = %g", got)
	}
	if got := value(t, m, "gatehouse_metrics_failures_total", "broken"); got < 1 {
		t.Errorf("failures = %g", got)
	}
}

// value is the value of a metric, of the one with the label value if given.
func value(t *testing.T, m *Metrics, name, label string) float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, v := range f.GetMetric() {
			found := label == ""
			for _, l := range v.GetLabel() {
				found = found || l.GetValue() == label
			}
			if f.GetName() == name && found {
				return v.GetCounter().GetValue() + v.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

func TestLogQuotesAndCutsNetworkText(t *testing.T) {
	var b bytes.Buffer
	level := new(slog.LevelVar)
	log := NewLog(&b, "text", level)
	log.Info("attempt", Text("display", "a\r\n\x1b[31m"+strings.Repeat("x", 1000)))
	log.Debug("not shown")
	if s := b.String(); strings.Count(s, "\n") != 1 || len(s) > 400 || strings.Contains(s, "\x1b") {
		t.Errorf("%q", s)
	}
	level.Set(slog.LevelDebug)
	b.Reset()
	NewLog(&b, "json", level).Debug("shown", Text("display", "é"))
	if s := b.String(); !strings.HasPrefix(s, "{") || !strings.Contains(s, `u00e9`) {
		t.Errorf("%q", s)
	}
}
