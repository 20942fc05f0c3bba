package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/store"
	"gatehouse.example/sip/digest"
)

// backend is where a command reads and changes data: the running server, or
// the store in this process.
type backend struct {
	*api.Client
	cfg   *config.Config
	live  bool
	close func() error
}

// senseless tells what a request failed by that was made of the command line alone:
// where the server can make no sense of it, that is wrong usage.
func senseless(err error) error {
	var refused *api.StatusError
	if errors.As(err, &refused) && refused.Senseless() {
		return usageError{err}
	}
	return err
}

// load reads the configuration and checks that its weights name signals.
func (a *app) load() (*config.Config, error) {
	cfg, err := config.Load(a.config)
	if err != nil {
		return nil, err
	}
	return cfg, checkSignals(cfg)
}

// open finds the running server, else opens the store under its lock.
func (a *app) open() (*backend, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	token, tokenErr := readToken(cfg)
	client := api.NewClient(cfg.Console.AddrPort, token)
	running, err := client.Running(a.ctx)
	switch {
	case err != nil:
		return nil, err
	case running && tokenErr != nil:
		return nil, fmt.Errorf("a server runs at %s, but its token cannot be read: %w; run this as the server's user, in its folder, with its --config", cfg.Console, tokenErr)
	case running:
		return &backend{Client: client, cfg: cfg, live: true, close: func() error { return nil }}, nil
	}
	return openStore(a.ctx, cfg)
}

func readToken(cfg *config.Config) (string, error) {
	b, err := os.ReadFile(filepath.Join(cfg.Folder(), "api.token"))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

// openStore serves the API in this process, over the store.
func openStore(ctx context.Context, cfg *config.Config) (*backend, error) {
	if err := makeFolder(cfg); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, cfg.Data)
	if errors.Is(err, store.ErrLocked) {
		return nil, fmt.Errorf("%w; its API does not answer at %s: set `console` to the address that it was started with", err, cfg.Console)
	}
	if err != nil {
		return nil, err
	}
	c, err := localAPI(ctx, cfg, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &backend{Client: c, cfg: cfg, close: s.Close}, nil
}

// makeFolder makes the data folder, for nobody else to read.
func makeFolder(cfg *config.Config) error {
	if err := os.MkdirAll(cfg.Folder(), 0o700); err != nil {
		var pe *fs.PathError
		errors.As(err, &pe)
		return cfg.Problem("data", fmt.Sprintf("cannot make the data folder %s: %v; choose another folder, or change the permissions", cfg.Folder(), pe.Err), err)
	}
	return nil
}

func localAPI(ctx context.Context, cfg *config.Config, s *store.Store) (*api.Client, error) {
	plans, err := numbering.New()
	if err != nil {
		return nil, err
	}
	all := lists.New(lists.Config{Plan: cfg.Plan(), Storage: s, Plans: plans,
		Protected: func(v lists.Value) string { return protectedValue(cfg, v) }})
	if err := all.Load(ctx); err != nil {
		return nil, err
	}
	users := account.New(s, algorithms(cfg))
	users.OnRevoke(s.DeleteBindings)
	if err := users.Load(ctx); err != nil {
		return nil, err
	}
	bans, err := s.LoadBans(ctx)
	if err != nil {
		return nil, err
	}
	memory, published, err := newProofState(ctx, s, new(lateTexts))
	if err != nil {
		return nil, err
	}
	learned, err := loadTexts(ctx, cfg, s, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	acquainted, strangers, err := loadCallers(ctx, cfg, s)
	if err != nil {
		return nil, err
	}
	screener, err := newScreener(cfg, &known{social: acquainted, newcomers: strangers, lists: all, memory: memory, policies: published, texts: learned})
	if err != nil {
		return nil, err
	}
	v, _ := version()
	return api.Local(api.New(api.Config{
		Version: v, Token: "local", Attempts: &judged{s, memory, func() *config.Config { return cfg }, nil}, Lists: all, Accounts: users, Hosts: hosts(cfg),
		Bans: &storedBans{ctx: ctx, storage: s, peers: cfg, bans: bans}, Screen: screener,
		People: &people{social: acquainted, cfg: func() *config.Config { return cfg }},
	})), nil
}

// loadCallers fills what is known of callers as the server knows it.
func loadCallers(ctx context.Context, cfg *config.Config, s *store.Store) (*social, *newcomers.Memory, error) {
	seed, err := callersSeed(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	acquainted, err := newSocial(cfg, seed, s)
	if err != nil {
		return nil, nil, err
	}
	if err := acquainted.load(ctx); err != nil {
		return nil, nil, err
	}
	strangers := newNewcomers(cfg, seed)
	for _, k := range []kept{keptWindows(acquainted), keptNewcomers(strangers, s), keptBehaviours(acquainted.reputation, s)} {
		if err := k.load(ctx, slog.New(slog.DiscardHandler)); err != nil {
			return nil, nil, err
		}
	}
	return acquainted, strangers, nil
}

// algorithms are those that passwords are hashed for, in the order of home.AuthConfig.
func algorithms(cfg *config.Config) []digest.Algorithm {
	all := []digest.Algorithm{digest.SHA256, digest.SHA512_256}
	if cfg.Home.MD5 != config.MD5Off {
		all = append(all, digest.MD5)
	}
	return all
}

// offered are the algorithms that challenges name.
func offered(cfg *config.Config) []digest.Algorithm {
	if cfg.Home.MD5 == config.MD5Only {
		return []digest.Algorithm{digest.MD5}
	}
	return algorithms(cfg)
}

// hosts reports whether phones of a domain register here.
func hosts(cfg *config.Config) func(string) bool {
	home := map[string]bool{}
	for i := range cfg.Domains {
		for _, name := range cfg.Domains[i].Names() {
			home[name] = cfg.Domains[i].Deliver.Home
		}
	}
	return func(domain string) bool { return home[strings.ToLower(domain)] }
}

// storedBans are the bans while no server runs: only the store knows them.
type storedBans struct {
	ctx     context.Context // of the one command that this process runs
	storage guard.Storage
	peers   *config.Config
	bans    []guard.Ban
}

// Bans returns those in force.
func (b *storedBans) Bans() []guard.Ban {
	now := time.Now()
	var out []guard.Ban
	for _, ban := range b.bans {
		if ban.Expires.IsZero() || ban.Expires.After(now) {
			out = append(out, ban)
		}
	}
	return out
}

// Ban stores a ban for the next start, by the rules of the guard.
func (b *storedBans) Ban(ban guard.Ban) error {
	g, err := guard.New(guard.Config{Peers: b.peers.PeerPrefixes()})
	if err != nil {
		return err
	}
	if err := g.Ban(ban); err != nil {
		return err
	}
	return b.storage.SaveBan(b.ctx, ban)
}

// Lift takes a ban out of the store.
func (b *storedBans) Lift(source api.Source) bool {
	for _, ban := range b.bans {
		if ban.Source == source {
			return b.storage.DeleteBan(b.ctx, source) == nil
		}
	}
	return false
}
