package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
)

// feeder gets a file; *fetch.Fetcher is one.
type feeder interface {
	Feed(ctx context.Context, r fetch.FeedRequest) (*fetch.FeedAnswer, error)
}

// feeds keeps the lists that the configuration has from elsewhere up to date.
type feeds struct {
	cfg   *config.Config
	from  feeder
	lists *lists.Lists
	log   *slog.Logger
}

// Times of feeds.
const (
	feedDeadline = 30 * time.Minute
	feedRetry    = 15 * time.Minute // after a failure, or sooner where `every` is
	feedSpread   = 20 * time.Second // of the first requests after a start
)

// run fetches each feed at its times until ctx ends.
func (f *feeds) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range f.cfg.Feeds {
		one := &feed{feeds: f, Feed: &f.cfg.Feeds[i]}
		wg.Go(func() { one.run(ctx) })
	}
	wg.Wait()
	return nil
}

// feed is one of them.
type feed struct {
	*feeds
	*config.Feed
	etag, modified string
	taken          time.Time // when all of it was imported last
}

func (f *feed) run(ctx context.Context) {
	wait := rand.N(feedSpread)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = time.Duration(f.Every) + rand.N(time.Duration(f.Every)/20)
		if err := f.fetch(ctx, time.Now()); err != nil && ctx.Err() == nil {
			wait = min(wait, feedRetry)
			f.log.Warn("feed not taken, the list stays as it is", "list", f.List, "error", err)
		}
	}
}

// fetch gets the feed once.
func (f *feed) fetch(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, feedDeadline)
	defer cancel()
	sum, err := f.checksum(ctx)
	if err != nil {
		return err
	}
	request := fetch.FeedRequest{URL: f.URL, Most: int64(f.MaxSize)}
	if now.Before(f.taken.Add(time.Duration(f.Keep) / 2)) { // later the values' time is to be prolonged, for which all of it is needed
		request.ETag, request.Modified = f.etag, f.modified
	}
	answer, err := f.from.Feed(ctx, request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.Unchanged {
		return nil
	}
	if err := f.take(ctx, &checked{r: answer.Body, want: sum, hash: sha256.New()}, now); err != nil {
		return err
	}
	f.etag, f.modified, f.taken = answer.ETag, answer.Modified, now
	return nil
}

// take imports the file. All of it is read before anything is changed, so that a wrong checksum at its end is in time.
func (f *feed) take(ctx context.Context, in io.Reader, now time.Time) error {
	if f.Register {
		r, err := register.New(f.List, store.NewRegisters(f.cfg.Folder()))
		if err != nil {
			return err
		}
		done, err := r.Import(ctx, in, register.Options{Plan: f.cfg.Plan()})
		if err == nil {
			f.log.Info("feed taken", "register", f.List, "numbers", done.Numbers, "left_out", done.RefusedCount)
		}
		return err
	}
	o := lists.ImportOptions{
		Note: "from " + f.URL, Expires: now.Add(time.Duration(f.Keep)).UTC().Truncate(time.Second), Lenient: true, MaxRefused: mostRefused,
	}
	if err := o.Kind.UnmarshalText([]byte(f.Kind)); err != nil {
		return err
	}
	done, err := f.lists.Import(ctx, f.List, in, o)
	if err != nil {
		return err
	}
	f.log.Info("feed taken", "list", f.List, "entries", done.Entries, "left_out", done.RefusedCount)
	for _, r := range done.Refused[:min(len(done.Refused), 5)] {
		f.log.Warn("left out of a feed", "list", f.List, "line", r.Line, "value", oneLine(r.Value), "reason", r.Reason)
	}
	return nil
}

// mostRefused is the share of unfit values from which on a whole feed is refused.
const mostRefused = 0.2

// checksum gets the file's SHA-256 where one is published: the first word of what sha256sum writes.
func (f *feed) checksum(ctx context.Context) (string, error) {
	if f.Checksum == "" {
		return "", nil
	}
	answer, err := f.from.Feed(ctx, fetch.FeedRequest{URL: f.Checksum, Most: 4096})
	if err != nil {
		return "", fmt.Errorf("checksum: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("checksum: %w", err)
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte(" "))
	if sum := strings.ToLower(string(first)); len(sum) == 2*sha256.Size && strings.Trim(sum, "0123456789abcdef") == "" {
		return sum, nil
	}
	return "", errors.New("checksum: there is no SHA-256 at that address")
}

var errChecksum = errors.New("the file has another SHA-256 than is published for it")

// checked fails at the end of a file whose sum is wrong.
type checked struct {
	r    io.Reader
	want string
	hash hash.Hash
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.hash.Write(p[:n])
	if errors.Is(err, io.EOF) && c.want != "" && hex.EncodeToString(c.hash.Sum(nil)) != c.want {
		return n, errChecksum
	}
	return n, err
}
