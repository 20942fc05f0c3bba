package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// childFolder is the environment variable that makes the test's process a recorder to be killed.
const childFolder = "GATEHOUSE_TEST_RECORD_INTO"

// recordUntilKilled records a thousand attempts a second and says so, line by line.
func recordUntilKilled(folder string) {
	ctx := context.Background()
	s, err := Open(ctx, folder)
	if err != nil {
		fmt.Println("child:", err)
		return
	}
	recorder := history.NewRecorder(s, history.Config{})
	go recorder.Run(ctx)
	var ids history.IDs
	tick := time.NewTicker(time.Millisecond)
	for now := range tick.C {
		v := verdict.Verdict{ID: ids.New(now), Time: now}
		recorder.Record(&v)
		fmt.Println(v.ID, time.Now().UnixMicro())
	}
}

func TestKilledProcessLosesAtMostTheLastSecond(t *testing.T) {
	folder := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+folder)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	recorded := make(map[string]int64)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, at, ok := strings.Cut(lines.Text(), " ")
		micros, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			t.Fatalf("child says %q", lines.Text())
		}
		recorded[id] = micros
		if len(recorded) == 2500 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	killed := time.Now().UnixMicro()
	_ = child.Wait() // it was killed

	s := open(t, folder) // the lock died with the process
	lost := 0
	for id, at := range recorded {
		if _, err := s.Get(t.Context(), id); err != nil {
			lost++
			if age := killed - at; age > 1e6 {
				t.Errorf("%s, recorded %d ms before the kill: %v", id, age/1000, err)
			}
		}
	}
	t.Logf("%d of %d lost", lost, len(recorded))
}
