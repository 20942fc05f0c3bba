package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// BenchmarkAppend reports the CPU time of the process for each attempt, checkpoints, garbage collection and the making of its id included.
// Of "diverse" attempts no text is like that of the one before.
func BenchmarkAppend(b *testing.B) {
	changes := []struct {
		name   string
		change func(v *verdict.Verdict)
	}{
		{"reject", func(*verdict.Verdict) {}},
		{"relay", func(v *verdict.Verdict) { v.Action, v.Signals, v.Response = verdict.Relay, nil, nil }},
		{"diverse", diversify},
	}
	for _, rows := range []int{1, 8, 64, 512} {
		for _, c := range changes {
			b.Run(fmt.Sprintf("sqlite/%s/batch=%d", c.name, rows), func(b *testing.B) { benchmarkAppend(b, b.TempDir(), rows, c.change) })
		}
	}
	b.Run("postgres/reject/batch=512", func(b *testing.B) { benchmarkAppend(b, newDatabase(b), 512, func(*verdict.Verdict) {}) })
}

func diversify(v *verdict.Verdict) {
	n := rand.IntN(1_000_000)
	v.From.Display = fmt.Sprintf("Caller %d", n)
	v.To.User = fmt.Sprintf("sip:user%d@example.test", n)
	v.To.Requested = v.To.User
	v.Source.Address = fmt.Sprintf("192.0.%d.%d:5060", n/256%256, n%256)
	v.Source.UserAgent = fmt.Sprintf("Asterisk PBX %d", n)
	v.Signals[0].Evidence = fmt.Sprintf("number %s is in list 'local', added %d", v.From.Claimed, n)
}

func benchmarkAppend(b *testing.B, dsn string, rows int, change func(*verdict.Verdict)) {
	s := open(b, dsn)
	var ids history.IDs
	batch := make([]verdict.Verdict, rows)
	at := noon
	for i := range batch {
		batch[i] = attempt(&ids, at, fmt.Sprintf("+1555%07d", i*7919%10_000_000))
		change(&batch[i])
	}
	b.ReportAllocs()
	start, n := cputime.Used(), 0
	for b.Loop() {
		at = at.Add(250 * time.Millisecond)
		for i := range batch {
			batch[i].ID, batch[i].Time = ids.New(at), at
		}
		appendAll(b, s, batch...)
		n += rows
	}
	b.ReportMetric(float64(cputime.Used()-start)/float64(n)/1e3, "cpu-µs/row")
	b.ReportMetric(float64(sum(b, s, "bytes"))/float64(n), "bytes/row")
}

func sum(b *testing.B, s *Store, what string) (n int64) {
	if err := s.reader.QueryRowContext(b.Context(), `SELECT CAST(SUM(`+what+`) AS BIGINT) FROM attempt_segments`).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkYear is five million attempts of a year, as the segments are after each hour, by callers of whom each comes fifty times.
// It searches for the newest attempts of all and from half a year ago, for a caller who called once long ago, one who calls
// often, one who never called, and what never happened.
func BenchmarkYear(b *testing.B) {
	for name, dsn := range map[string]string{"sqlite": b.TempDir(), "postgres": newDatabase(b)} {
		b.Run(name, func(b *testing.B) { benchmarkYear(b, open(b, dsn)) })
	}
}

func benchmarkYear(b *testing.B, s *Store) {
	const attempts, hours = 5_000_000, 365 * 24
	var ids history.IDs
	var old string
	hour := make([]verdict.Verdict, attempts/hours)
	for h := range hours {
		for i := range hour {
			at := noon.Add(time.Duration(h)*time.Hour + time.Hour*time.Duration(i)/time.Duration(len(hour)))
			hour[i] = attempt(&ids, at, fmt.Sprintf("+1555%07d", rand.IntN(100_000)))
			diversify(&hour[i])
		}
		switch h {
		case 100:
			hour[0].From.Identity, hour[0].From.Claimed = "tel:+19990000001", "tel:+19990000001"
		case hours / 2:
			old = hour[0].ID
		}
		appendAll(b, s, hour...)
	}
	n := float64(sum(b, s, "count"))
	b.Logf("%.0f attempts in %d segments, %.1f octets of filters, %.0f in all for each", n, sum(b, s, "1"),
		float64(sum(b, s, "length(keys)"))/n, float64(sum(b, s, "bytes"))/n)
	registration := verdict.Registration
	for _, q := range []struct {
		name   string
		filter history.Filter
	}{
		{"newest", history.Filter{}}, {"older", history.Filter{Before: old}}, {"1000", history.Filter{Limit: 1000}},
		{"once", history.Filter{From: "+19990000001"}}, {"often", history.Filter{From: "+15550000777"}},
		{"never", history.Filter{From: "+19990000000"}}, {"kind", history.Filter{Kind: &registration}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.Query(b.Context(), q.filter); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(b.Context(), old); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPrune reports the CPU time for each removed attempt; in the long run each new one has one removed.
func BenchmarkPrune(b *testing.B) {
	s := open(b, b.TempDir())
	var ids history.IDs
	const batches = 16 * pruneSegments
	var cpu time.Duration
	var n int64
	for b.Loop() {
		batch := make([]verdict.Verdict, 512)
		for range batches {
			for i := range batch {
				batch[i] = attempt(&ids, noon, fmt.Sprintf("+1555%07d", i))
				diversify(&batch[i])
			}
			appendAll(b, s, batch...)
		}
		start := cputime.Used()
		for range batches / pruneSegments {
			removed, err := s.Prune(b.Context(), time.Time{}, 1)
			if err != nil {
				b.Fatal(err)
			}
			n += removed
		}
		cpu += cputime.Used() - start
	}
	b.ReportMetric(float64(cpu)/float64(n)/1e3, "cpu-µs/row")
}

// BenchmarkCompact reports the CPU time for each attempt that came alone, four a second, from the first to the last time that it is moved.
func BenchmarkCompact(b *testing.B) {
	s := open(b, b.TempDir())
	var ids history.IDs
	var cpu time.Duration
	n, at := 0, noon
	for b.Loop() {
		for range 240 {
			at = at.Add(250 * time.Millisecond)
			v := attempt(&ids, at, fmt.Sprintf("+1555%07d", n))
			diversify(&v)
			appendAll(b, s, v)
			n++
		}
		start := cputime.Used()
		compactAll(b, s, at)
		cpu += cputime.Used() - start
	}
	b.ReportMetric(float64(cpu)/float64(n)/1e3, "cpu-µs/row")
	if counts := segmentCounts(b, s); len(counts) > 20 && slices.Max(counts) < smallRows {
		b.Errorf("segments of %v", counts)
	}
}
