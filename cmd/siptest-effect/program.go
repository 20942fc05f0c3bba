package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// program is the gatehouse that is measured, as a program of its own: what is measured is what people run.
type program struct{ binary, folder string }

// Replay implements effect.Runner.
func (p *program) Replay(ctx context.Context, config, events string, args []string, read func(io.Reader) error) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, p.binary, append([]string{"--config", config, "replay", "--brief", events}, args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // the figures are for one core
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	readErr := read(out)
	if readErr != nil {
		io.Copy(io.Discard, out)
	}
	if err := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), readErr
}

// Store implements effect.Runner.
func (p *program) Store(name string, write func(io.Writer) error) (string, error) {
	clean := strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '_'
		}
		return r
	}, name)
	path := filepath.Join(p.folder, clean)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(write(f), f.Close())
}

// checks are the techniques that the program has and that can be switched off, by its own word.
func (p *program) checks(ctx context.Context) ([]string, error) {
	empty, err := p.Store("empty.yaml", func(w io.Writer) error {
		_, err := io.WriteString(w, "# all defaults\n")
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, p.binary, "--config", empty, "config", "show", "--json").Output()
	if err != nil {
		return nil, err
	}
	var shown struct {
		Checks map[string]struct {
			Enabled *bool `json:"enabled"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(out, &shown); err != nil {
		return nil, err
	}
	var names []string
	for name, c := range shown.Checks {
		if c.Enabled != nil && *c.Enabled {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// commit is what the program was built from, by its own word.
func (p *program) commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, p.binary, "version").Output()
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first)
}
