package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
)

// TestFullDiskIsOverWhenThereIsRoomAgain lets SQLite run out of pages, which it reports as a full disk.
func TestFullDiskIsOverWhenThereIsRoomAgain(t *testing.T) {
	s := open(t, t.TempDir())
	limit := func(pages int) {
		if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(150)
	recorder := history.NewRecorder(s, history.Config{Queue: 1000, Batch: 100, Delay: 5 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- recorder.Run(ctx) }()

	var ids history.IDs
	recorded := 0
	record := func() {
		for range 100 {
			v := attempt(&ids, time.Now(), "+15551230001")
			recorder.Record(&v)
			recorded++
		}
	}
	eventually(t, "the disk is full", func() bool { record(); return !recorder.Healthy() })
	written := recorder.Stats().Written
	for range 20 {
		record() // more than the queue holds: calls go on, the oldest are lost
	}
	if stats := recorder.Stats(); stats.Lost == 0 || stats.Queued != 1000 || stats.Written != written {
		t.Errorf("while the disk is full: %+v", stats)
	}
	if _, _, err := s.Query(ctx, history.Filter{}); err != nil {
		t.Errorf("a full disk can still be read: %v", err)
	}
	limit(1 << 30)
	eventually(t, "all that is left is written", func() bool { return recorder.Healthy() && recorder.Stats().Queued == 0 })
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	stats := recorder.Stats()
	if stats.Written+stats.Lost != uint64(recorded) {
		t.Errorf("%d recorded, %+v", recorded, stats)
	}
	var rows uint64
	if err := s.reader.QueryRowContext(t.Context(), `SELECT SUM(count) FROM attempt_segments`).Scan(&rows); err != nil || rows != stats.Written {
		t.Errorf("%d rows, %v, %+v", rows, err, stats)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it did not happen in 30 s that %s", what)
		}
	}
}
