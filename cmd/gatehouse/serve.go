package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/store"
	"gatehouse.example/internal/telemetry"
)

// stopTime is how long API requests may go on after the end of the SIP side.
const stopTime = 5 * time.Second

type serveCmd struct{}

// Help says what a start without configuration does.
func (serveCmd) Help() string {
	return `Without any configuration: data in ./gatehouse-data, SIP on udp and tcp 127.0.0.1:5060,
the API on 127.0.0.1:8060, one hosted domain localhost, monitor mode.
SIGHUP and a changed file reload the configuration; SIGTERM stops, after calls in
the middle of their signalling have finished it.

Examples:
  gatehouse serve
  gatehouse --config /etc/gatehouse/gatehouse.yaml serve`
}

// Run runs the server until it is told to stop.
func (c *serveCmd) Run(a *app) (err error) {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(slog.Level(cfg.Log.Level))
	lines := telemetry.NewBuffered(a.stderr)
	defer lines.Flush()
	log := telemetry.NewLog(lines, string(cfg.Log.Format), level)
	if err := makeFolder(cfg); err != nil {
		return err
	}
	db, err := store.Open(a.ctx, cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, path := range db.Missing() {
		log.Warn("a file of the data folder is gone, a new one is begun; to have back what was in it, stop and restore a backup", "file", path)
	}
	s, err := newServer(a, cfg, db, log, lines, level)
	if err != nil {
		return err
	}
	console, err := listenConsole(cfg)
	if err != nil {
		return err
	}
	defer console.Close()
	border, err := startBorder(a.ctx, s)
	if err != nil {
		return err
	}
	s.hello(a)
	return s.run(a.ctx, border, console)
}

// listenConsole takes the API's address before anything is started that would
// have to be stopped again.
func listenConsole(cfg *config.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", cfg.Console.String())
	if err != nil {
		return nil, cfg.Problem("console", cannotListen(cfg.Console.String(), "console", err), err)
	}
	return l, nil
}

// cannotListen is the message about an address that cannot be taken.
func cannotListen(addr, key string, err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("%s is in use by another program; stop that one, or set %s to a free port", addr, key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%s is no address of this machine; set %s to one of its own, or to 0.0.0.0 or [::]", addr, key)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("%s needs privileges; set %s to a port above 1023, or give the program CAP_NET_BIND_SERVICE", addr, key)
	}
	return fmt.Sprintf("cannot listen on %s (%s): %v", addr, key, err)
}

// hello says where everything is.
func (s *server) hello(a *app) {
	cfg := s.live.Current()
	listen := make([]string, len(cfg.Listen))
	for i, l := range cfg.Listen {
		listen[i] = l.String()
	}
	domains := make([]string, len(cfg.Domains))
	for i, d := range cfg.Domains {
		mode, err := d.Mode.MarshalText()
		domains[i] = d.Name
		if err == nil {
			domains[i] += " (" + string(mode) + ")"
		}
	}
	v, _ := version()
	from := cfg.Path()
	if from == "" {
		from = "none, the defaults (see gatehouse config show)"
	}
	fmt.Fprintf(a.stdout, "Gatehouse %s\n  configuration  %s\n  data           %s\n  SIP            %s\n  domains        %s\n  API            http://%s%s\n  API token      in the file %s\n",
		v, from, cfg.Data, strings.Join(listen, " "), strings.Join(domains, ", "), cfg.Console, api.Prefix, filepath.Join(cfg.Folder(), "api.token"))
}

// run serves until ctx ends. What the SIP side still needs while it finishes
// (history, bans, API) is stopped after it.
func (s *server) run(ctx context.Context, border runner, console net.Listener) error {
	front, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	back, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()

	v, _ := version()
	h := s.api(v).HTTP()
	var support errgroup.Group
	start := func(name string, run func(context.Context) error) {
		support.Go(func() error {
			if err := run(back); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
				giveUp(err)
				return err
			}
			return nil
		})
	}
	start("log", s.lines.Run)
	start("history", s.recorder.Run)
	start("bans", s.guard.Run)
	start("kernel bans", s.runKernel)
	start("configuration", s.live.Run)
	start("lists", s.expireLists)
	start("registers", s.registers.run)
	start("feeds", (&feeds{cfg: s.live.Current(), from: s.proofs.fetcher, lists: s.lists, log: s.log}).run)
	start("texts", func(ctx context.Context) error { return s.texts.run(ctx, s.log) })
	start("usage", s.keepUsed)
	start("learned", s.keepLearned)
	start("watchdog", s.notify.watch)
	s.proofs.run(start)
	s.social.run(s.log, start)
	support.Go(func() error {
		defer giveUp(nil)
		return serveError(h.Serve(console))
	})
	s.notify.send("READY=1")
	err := border(front)
	s.notify.send("STOPPING=1")

	stopping, cancel := context.WithTimeout(back, stopTime)
	defer cancel()
	if h.Shutdown(stopping) != nil {
		h.Close()
	}
	stopBack()
	return errors.Join(err, support.Wait())
}

// serveError is nil for the end that Shutdown makes.
func serveError(err error) error {
	if err == nil || strings.Contains(err.Error(), "Server closed") {
		return nil
	}
	return fmt.Errorf("API: %w", err)
}
