package main

import (
	"errors"
	"fmt"
	"time"

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
	File    string `arg:"" optional:"" help:"The file, instead of --config."`
	Offline bool   `help:"Do not fetch our certificates from the addresses in identity.keys."`
	JSON    bool   `help:"Print the outcome as JSON." name:"json"`
}

// Help shows examples.
func (configCheckCmd) Help() string {
	return `Beyond the file itself, the certificates that tls names can be used, and what
identity names is proven: roots can be read; each key is
its certificate's and nobody else can read it; the certificate is valid, covers the
numbers and domains that it signs for, and is served at its url.

Examples:
  gatehouse config check new.yaml
  gatehouse config check --offline --json`
}

// Run checks the file. The line's surroundings go to stdout, the error to
// stderr as everywhere.
func (c *configCheckCmd) Run(a *app) error {
	if c.File != "" {
		a.config = c.File
	}
	cfg, err := a.load()
	check := &identityCheck{cfg: cfg, offline: c.Offline, now: time.Now()}
	if err == nil {
		_, err = loadCertificates(cfg)
	}
	if err == nil {
		err = check.run(a.ctx)
	}
	if c.JSON {
		return errors.Join(a.json(newCheckReport(config.Find(a.config), check, err)), err)
	}
	for _, w := range check.warnings {
		fmt.Fprintln(a.stdout, "warning:", oneLine(w))
	}
	for _, s := range check.skipped {
		fmt.Fprintln(a.stdout, "skipped:", oneLine(s))
	}
	var wrong *config.Error
	switch {
	case err == nil:
		name := cfg.Path()
		if name == "" {
			name = "no file; the defaults"
		}
		fmt.Fprintf(a.stdout, "%s: ok\n", name)
	case errors.As(err, &wrong):
		fmt.Fprint(a.stdout, wrong.Excerpt)
	}
	return err
}

// checkReport is what a check came to, as scripts read it.
type checkReport struct {
	OK       bool     `json:"ok"`
	File     string   `json:"file"`
	Warnings []string `json:"warnings"`
	Skipped  []string `json:"skipped"` // what was not proven, and why
	Error    error    `json:"error,omitempty"`
}

func newCheckReport(file string, check *identityCheck, err error) *checkReport {
	return &checkReport{err == nil, file, append([]string{}, check.warnings...), append([]string{}, check.skipped...), err}
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
