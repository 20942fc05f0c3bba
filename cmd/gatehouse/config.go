package main

import (
	"errors"
	"fmt"

	"gatehouse.example/internal/config"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Say whether the configuration is right, and if not, where."`
	Show  configShowCmd  `cmd:"" help:"Print the configuration with defaults filled in."`
}

// Help shows examples.
func (configCmd) Help() string {
	return "Examples:\n  gatehouse config check\n  gatehouse --config new.yaml config check\n  gatehouse config show > gatehouse.yaml"
}

type configCheckCmd struct {
	File string `arg:"" optional:"" help:"The file, instead of --config."`
	JSON bool   `help:"Print the outcome as JSON." name:"json"`
}

// Help shows an example.
func (configCheckCmd) Help() string { return "Example:\n  gatehouse config check new.yaml" }

// Run checks the file. The line's surroundings go to stdout, the error to
// stderr as everywhere.
func (c *configCheckCmd) Run(a *app) error {
	if c.File != "" {
		a.config = c.File
	}
	cfg, err := a.load()
	if c.JSON {
		out := map[string]any{"ok": err == nil, "file": config.Find(a.config)}
		if err != nil {
			out["error"] = err
		}
		if err := a.json(out); err != nil {
			return err
		}
	}
	var wrong *config.Error
	switch {
	case err == nil && !c.JSON:
		name := cfg.Path()
		if name == "" {
			name = "no file; the defaults"
		}
		fmt.Fprintf(a.stdout, "%s: ok\n", name)
	case errors.As(err, &wrong) && !c.JSON:
		fmt.Fprint(a.stdout, wrong.Excerpt)
	}
	return err
}

type configShowCmd struct {
	JSON bool `help:"Print JSON rather than YAML." name:"json"`
}

// Help shows an example.
func (configShowCmd) Help() string { return "Example:\n  gatehouse config show > gatehouse.yaml" }

// Run prints the configuration.
func (c *configShowCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	text, err := cfg.Show()
	if c.JSON && err == nil {
		text, err = cfg.JSON()
	}
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(text)
	return err
}
