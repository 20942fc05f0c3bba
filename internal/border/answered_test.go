package border_test

import (
	"log/slog"
	"strings"
	"testing"

	"gatehouse.example/internal/border"
	"gatehouse.example/screen"
)

func TestTheLogSaysNowAndThenThatNobodyAnswers(t *testing.T) {
	var log strings.Builder
	b := border.New(border.Config{Site: &border.Site{}, Recorder: newPaper(t, nil, screen.Layer{}), Log: slog.New(slog.NewTextHandler(&log, nil))})
	for second, status := range map[int64]int{100: 503, 101: 503, 102: 480, 109: 503} {
		b.Answered("id", status, true, second*1e9)
	}
	b.Answered("id", 503, false, 200e9) // the PBX's own word
	if n := strings.Count(log.String(), "neither the PBX nor a peer answers"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
	b.Answered("later", 503, true, 201e9)
	if !strings.Contains(log.String(), "attempt=later") {
		t.Errorf("no line for a later one:\n%s", log.String())
	}
}
