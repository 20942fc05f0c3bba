package config

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// debounce is how long a file must rest before it is read: editors and
// deployment tools write in several steps.
const debounce = 250 * time.Millisecond

// Reload is the outcome of one reload.
type Reload struct {
	// Config is the configuration in force from now on.
	Config *Config
	// Changed names the top-level keys whose values differ.
	Changed []string
	// Restart names those of Changed that take effect at the next start only.
	Restart []string
	// Err says why the file was refused; the old configuration stays.
	Err error
}

// Live is the configuration of a running server. Current may be called by any
// goroutine at any time; subscribers are called one after another.
type Live struct {
	path    string
	current atomic.Pointer[Config]
	check   func(*Config) error

	mu          sync.Mutex // held over a whole reload, so that two never cross
	subscribers []func(old, new *Config)
	report      func(Reload)
}

// NewLive starts from a loaded configuration. path is what Load was given, and
// check, if not nil, is a further validation of a new file (CheckSignals).
// report, if not nil, is told the outcome of every reload.
func NewLive(path string, c *Config, check func(*Config) error, report func(Reload)) *Live {
	l := &Live{path: path, check: check, report: report}
	l.current.Store(c)
	return l
}

// Current is the configuration in force.
func (l *Live) Current() *Config { return l.current.Load() }

// Subscribe has f called after each change. It must return soon: it is called
// on the goroutine of Run.
func (l *Live) Subscribe(f func(old, new *Config)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers = append(l.subscribers, f)
}

// Reload reads the file again, and puts it in force when it is valid.
func (l *Live) Reload() Reload {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.current.Load()
	r := Reload{Config: old}
	next, err := Load(l.path)
	if err == nil {
		err = gone(old, next)
	}
	if err == nil && l.check != nil {
		err = l.check(next)
	}
	if err != nil {
		r.Err = err
	} else {
		r.Changed = changed(old, next)
		r.Restart = append(slices.DeleteFunc(slices.Clone(r.Changed), func(k string) bool { return !needsRestart(k) }), partly(old, next)...)
		r.Config = next
		l.current.Store(next)
		if len(r.Changed) > 0 {
			for _, f := range l.subscribers {
				f(old, next)
			}
		}
	}
	if l.report != nil {
		l.report(r)
	}
	return r
}

// gone refuses a file that is empty or away, where one with text was in force: that is one who is about to write it, and the defaults
// would be in force meanwhile, without domains or keys.
func gone(old, next *Config) error {
	if len(bytes.TrimSpace(old.file.text)) == 0 || len(bytes.TrimSpace(next.file.text)) > 0 {
		return nil
	}
	return &Error{File: old.file.name, Message: "the file is empty or away; restart to run with the defaults"}
}

// Run reloads on SIGHUP and when the file changes, until ctx ends. Without a
// file it waits for SIGHUP only.
func (l *Live) Run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	return l.run(ctx, hup)
}

func (l *Live) run(ctx context.Context, hup <-chan os.Signal) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("config: cannot watch files; SIGHUP would not work either: %w", err)
	}
	defer watcher.Close()
	name := l.watch(watcher)
	rest := time.NewTimer(0)
	if !rest.Stop() {
		<-rest.C
	}
	defer rest.Stop()
	if name != "" && l.stale() {
		rest.Reset(debounce)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			l.Reload()
		case ev := <-watcher.Events:
			if touches(ev, name) {
				rest.Reset(debounce)
			}
		case <-watcher.Errors: // an overflow: look at the file rather than miss a change
			rest.Reset(debounce)
		case <-rest.C:
			if wait := unrest(name); wait > 0 {
				rest.Reset(wait)
				continue
			}
			l.Reload()
		}
	}
}

// stale tells whether the file is another than the one in force: it may have been written between the start and the watch.
func (l *Live) stale() bool {
	c, err := Load(l.path)
	return err != nil || !bytes.Equal(c.file.text, l.Current().file.text)
}

// unrest is how long the file still has to rest: it may have been written to a moment ago, and the event not be here yet.
func unrest(name string) time.Duration {
	info, err := os.Stat(name)
	if err != nil {
		return 0 // the reload says so
	}
	if age := time.Since(info.ModTime()); age >= 0 && age < debounce {
		return debounce - age
	}
	return 0
}

// watch follows the file's folder, because editors and configuration managers
// put a new file in the old one's place.
func (l *Live) watch(w *fsnotify.Watcher) string {
	name := l.Current().Path()
	if name == "" {
		return ""
	}
	if err := w.Add(filepath.Dir(name)); err != nil {
		return "" // SIGHUP still works
	}
	return filepath.Clean(name)
}

// touches is true of an event of our file, or of the ..data link that
// Kubernetes swaps in its folder.
func touches(ev fsnotify.Event, name string) bool {
	if name == "" || ev.Op == fsnotify.Chmod {
		return false
	}
	return filepath.Clean(ev.Name) == name || filepath.Base(ev.Name) == "..data"
}

// changed names the top-level keys that differ.
func changed(a, b *Config) []string {
	var keys []string
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
		if name != "" && !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			keys = append(keys, name)
		}
	}
	return keys
}

// needsRestart is true of the keys that are read at the start only.
func needsRestart(key string) bool {
	return slices.Contains([]string{"data", "hot", "listen", "console", "tls", "dns", "limits", "checks", "numbers", "home", "history", "feeds"}, key)
}

// partly names what is read at the start only under keys that take effect at once.
func partly(old, next *Config) []string {
	var keys []string
	if !reflect.DeepEqual(old.Identity.Fetch, next.Identity.Fetch) {
		keys = append(keys, "identity.fetch")
	}
	if old.Identity.Publish != next.Identity.Publish {
		keys = append(keys, "identity.publish")
	}
	return keys
}
