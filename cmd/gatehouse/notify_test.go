package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

func TestNotifySpeaksToSystemd(t *testing.T) {
	for name, socket := range map[string]string{"path": filepath.Join(t.TempDir(), "s"), "abstract": "@gatehouse-test-" + filepath.Base(t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			t.Setenv("NOTIFY_SOCKET", socket)
			t.Setenv("WATCHDOG_USEC", "20000")
			t.Setenv("WATCHDOG_PID", "")
			n := newNotifier(slog.New(slog.DiscardHandler))
			if _, set := os.LookupEnv("NOTIFY_SOCKET"); set {
				t.Error("a child could speak for us")
			}
			n.send("READY=1")
			heard(t, l, "^READY=1$")
			n.reloading()
			heard(t, l, `^RELOADING=1\nMONOTONIC_USEC=[0-9]+$`)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- n.watch(ctx) }()
			heard(t, l, "^WATCHDOG=1$")
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestServeTellsSystemdWhenItIsReadyAndWhenItStops runs the whole server as systemd does with Type=notify.
func TestServeTellsSystemdWhenItIsReadyAndWhenItStops(t *testing.T) {
	p := newPlace(t)
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(p.dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(p.dir, "notify"))
	stop := p.serve()
	heard(t, l, "^READY=1$")
	stop()
	heard(t, l, "^STOPPING=1$")
}

func heard(t *testing.T, l *net.UnixConn, want string) {
	t.Helper()
	b := make([]byte, 200)
	if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	n, err := l.Read(b)
	if err != nil || !regexp.MustCompile(want).Match(b[:n]) {
		t.Errorf("heard %q %v, want %s", b[:n], err, want)
	}
}

func TestNotifyWithoutSystemdIsSilent(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	var log bytes.Buffer
	n := newNotifier(slog.New(slog.NewTextHandler(&log, nil)))
	n.send("READY=1")
	if err := n.watch(t.Context()); err != nil || log.Len() > 0 {
		t.Errorf("%v %s", err, log.String())
	}
	n.socket = filepath.Join(t.TempDir(), "gone")
	n.send("READY=1")
	if log.Len() == 0 {
		t.Error("a socket that is gone goes unnoticed")
	}
}
