package config

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReloadKeepsTheOldConfigurationWhenTheNewOneIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	write(t, file, "history: {keep_days: 1}\n")
	l := live(t, file, nil)
	var calls []int
	l.Subscribe(func(old, new *Config) { calls = append(calls, old.History.KeepDays, new.History.KeepDays) })

	write(t, file, "history: {keep_days: -1}\n")
	if r := l.Reload(); r.Err == nil || l.Current().History.KeepDays != 1 || r.Config != l.Current() {
		t.Errorf("bad value: %+v", r)
	}
	write(t, file, "history: [")
	if r := l.Reload(); r.Err == nil || l.Current().History.KeepDays != 1 {
		t.Errorf("bad YAML: %+v", r)
	}
	write(t, file, "\n")
	if r := l.Reload(); r.Err == nil || !strings.Contains(r.Err.Error(), "empty") || l.Current().History.KeepDays != 1 {
		t.Errorf("an empty file, as one that is being written: %+v", r)
	}
	os.Remove(file)
	if r := l.Reload(); r.Err == nil || l.Current().History.KeepDays != 1 {
		t.Errorf("no file: %+v", r)
	}
	write(t, file, "history: {keep_days: 7}\nlisten: [\"udp://127.0.0.1:5070\"]\n")
	r := l.Reload()
	if r.Err != nil || l.Current().History.KeepDays != 7 {
		t.Fatalf("good: %+v", r)
	}
	if !slices.Equal(r.Changed, []string{"listen", "history"}) || !slices.Equal(r.Restart, []string{"listen", "history"}) {
		t.Errorf("changed %v restart %v", r.Changed, r.Restart)
	}
	l.Reload()
	if !slices.Equal(calls, []int{1, 7}) {
		t.Errorf("subscriber saw %v", calls)
	}
}

// A key that takes effect at once may hold one that does not.
func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	write(t, file, "history: {keep_days: 1}\n")
	l := live(t, file, nil)
	write(t, file, "history: {keep_days: 1}\nidentity: {fetch: {deadline: 1s}}\nfeeds: [{list: x, url: \"https://lists.example.test/x\"}]\n")
	if r := l.Reload(); r.Err != nil || !slices.Equal(r.Restart, []string{"feeds", "identity.fetch"}) {
		t.Errorf("%+v", r)
	}
}

func TestReloadAsksTheFurtherCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	write(t, file, "data: a\n")
	l := live(t, file, nil)
	l.check = func(c *Config) error { return c.CheckSignals([]string{"LISTS_BLOCKED"}) }
	write(t, file, "policy: {weights: {NO_SUCH: 1}}\n")
	if r := l.Reload(); r.Err == nil || !strings.Contains(r.Err.Error(), "NO_SUCH") {
		t.Errorf("%+v", r)
	}
}

func TestRunReloadsOnChangeAndOnSIGHUP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	write(t, file, "history: {keep_days: 1}\n")
	reports := make(chan Reload, 10)
	l := live(t, file, func(r Reload) { reports <- r })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	hup := make(chan os.Signal)
	go func() { ended <- l.run(ctx, hup) }()

	hup <- syscall.SIGHUP // taken only when the watch stands
	if r := next(t, reports); r.Err != nil || len(r.Changed) != 0 {
		t.Errorf("nothing changed: %+v", r)
	}
	// As an editor does: a new file in the old one's place.
	write(t, file+".new", "history: {keep_days: 2}\n")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	if r := next(t, reports); r.Err != nil || r.Config.History.KeepDays != 2 {
		t.Errorf("renamed: %+v", r)
	}
	write(t, file, "history: {keep_days: x}\n")
	if r := next(t, reports); r.Err == nil || r.Config.History.KeepDays != 2 {
		t.Errorf("broken: %+v", r)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A file that is written between the start and the watch is not missed; one that rests is not read anew.
func TestRunSeesWhatWasWrittenBeforeItWatched(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	for _, written := range []bool{true, false} {
		write(t, file, "history: {keep_days: 1}\n")
		reports := make(chan Reload, 10)
		l := live(t, file, func(r Reload) { reports <- r })
		if written {
			write(t, file, "history: {keep_days: 2}\n")
		}
		if got := l.stale(); got != written {
			t.Errorf("stale %v", got)
		}
		if !written {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- l.run(ctx, nil) }()
		if r := next(t, reports); r.Err != nil || l.Current().History.KeepDays != 2 {
			t.Errorf("%+v", r)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func live(t *testing.T, file string, report func(Reload)) *Live {
	t.Helper()
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return NewLive(file, c, nil, report)
}

func next(t *testing.T, reports <-chan Reload) Reload {
	t.Helper()
	select {
	case r := <-reports:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no reload")
		return Reload{}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
