package store

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// BenchmarkAppend reports the CPU time of the process for each attempt, checkpoints and garbage collection included.
func BenchmarkAppend(b *testing.B) {
	relayed := func(v *verdict.Verdict) {
		v.Action, v.Signals, v.Response = verdict.Relay, nil, nil
	}
	for _, rows := range []int{64, 512, 1000} {
		b.Run(fmt.Sprintf("sqlite/reject/batch=%d", rows), func(b *testing.B) { benchmarkAppend(b, b.TempDir(), rows, func(*verdict.Verdict) {}) })
		b.Run(fmt.Sprintf("sqlite/relay/batch=%d", rows), func(b *testing.B) { benchmarkAppend(b, b.TempDir(), rows, relayed) })
	}
	b.Run("postgres/reject/batch=512", func(b *testing.B) { benchmarkAppend(b, newDatabase(b), 512, func(*verdict.Verdict) {}) })
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
	start, n := cpuTime(b), 0
	for b.Loop() {
		at = at.Add(time.Second)
		for i := range batch {
			batch[i].ID = ids.New(at)
		}
		appendAll(b, s, batch...)
		n += rows
	}
	b.ReportMetric(float64(cpuTime(b)-start)/float64(n)/1e3, "cpu-µs/row")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkQuery searches 200,000 attempts for a caller who is among them once, and for one who is not.
func BenchmarkQuery(b *testing.B) {
	s := open(b, b.TempDir())
	var ids history.IDs
	for i := range 200 {
		batch := make([]verdict.Verdict, 1000)
		for j := range batch {
			batch[j] = attempt(&ids, noon.Add(time.Duration(i*1000+j)*time.Millisecond), fmt.Sprintf("+1555%07d", i*1000+j))
		}
		appendAll(b, s, batch...)
	}
	for name, f := range map[string]history.Filter{"newest": {}, "once": {From: "+15550000777"}, "never": {From: "+19990000000"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.Query(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPrune reports the CPU time for each removed attempt; in the long run each new one has one removed.
func BenchmarkPrune(b *testing.B) {
	s := open(b, b.TempDir())
	var ids history.IDs
	const rows = 16 * pruneRows
	var cpu time.Duration
	var n int64
	for b.Loop() {
		batch := make([]verdict.Verdict, 512)
		for i := range rows {
			batch[i%len(batch)] = attempt(&ids, noon, fmt.Sprintf("+1555%07d", i))
			if i%len(batch) == len(batch)-1 {
				appendAll(b, s, batch...)
			}
		}
		start := cpuTime(b)
		for range 16 {
			removed, err := s.Prune(b.Context(), time.Time{}, 1)
			if err != nil {
				b.Fatal(err)
			}
			n += removed
		}
		cpu += cpuTime(b) - start
	}
	b.ReportMetric(float64(cpu)/float64(n)/1e3, "cpu-µs/row")
}
