package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// notifier tells systemd how the server is: sd_notify(3). Without systemd it
// does nothing.
type notifier struct {
	socket string
	every  time.Duration // of the watchdog; 0: none
	log    *slog.Logger
}

// newNotifier takes what systemd put into the environment, and takes it out so
// that no child of ours speaks for us.
func newNotifier(log *slog.Logger) *notifier {
	n := &notifier{socket: os.Getenv("NOTIFY_SOCKET"), log: log}
	if n.socket != "" && n.socket[0] != '/' && n.socket[0] != '@' {
		n.socket = ""
	}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.every = time.Duration(usec) * time.Microsecond / 2
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	return n
}

// send tells systemd a state: READY=1, STOPPING=1, WATCHDOG=1.
func (n *notifier) send(state string) {
	if n.socket == "" {
		return
	}
	if err := datagram(n.socket, state); err != nil {
		n.log.Warn("systemd cannot be told", "state", state, "error", err)
	}
}

func datagram(socket, text string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("sd_notify: %w", err)
	}
	defer unix.Close(fd)
	// A name that begins with @ is an abstract one; package unix knows that.
	if err := unix.Sendto(fd, []byte(text), unix.MSG_NOSIGNAL, &unix.SockaddrUnix{Name: socket}); err != nil {
		return fmt.Errorf("sd_notify: %w", err)
	}
	return nil
}

// reloading is the state before READY=1 of a reload. systemd wants to know
// since when (Type=notify-reload).
func (n *notifier) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return
	}
	n.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
}

// watch feeds the watchdog until ctx ends.
func (n *notifier) watch(ctx context.Context) error {
	if n.socket == "" || n.every <= 0 {
		return nil
	}
	return each(ctx, n.every, func(time.Time) { n.send("WATCHDOG=1") })
}
