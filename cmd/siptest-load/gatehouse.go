package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// listStep and listSize make the list entries: +1312 and seven digits, each
// listStep after the one before. kamailio.cfg makes the same.
const (
	listPrefix = "+1312"
	listStep   = 97
	listSize   = 100_000
)

// laterChecks are those that Kamailio's configuration has nothing to set against: all but lists and rates.
const laterChecks = "number display tollfraud wangiri flood harvest identity identity_policy content stranger known reputation"

// gatehouse is our own server: history on, a list of 100,000 entries, the
// checks of lists and rates, enforce mode; the load comes from a source that it
// does not know.
func gatehouse() peer {
	var off strings.Builder
	for _, check := range strings.Fields(laterChecks) {
		off.WriteString("  " + check + ": {enabled: false}\n")
	}
	return ours("gatehouse", off.String())
}

// everything is the same with every check that it has, as shipped.
func everything() peer { return ours("everything", "") }

func ours(name, checks string) peer {
	return peer{name: name, ours: true, start: func(r *running) error {
		template, err := os.ReadFile(filepath.Join(r.options.Bench, "gatehouse.yaml"))
		if err != nil {
			return err
		}
		console, err := freeAddr()
		if err != nil {
			return err
		}
		text := strings.NewReplacer("@DATA@", filepath.Join(r.dir, "data"), "@LISTEN@", r.addr.String(),
			"@CONSOLE@", console.String(), "@CALLEE@", r.callee.String(), "@CHECKS@\n", checks).Replace(string(template))
		if r.signer != nil {
			if text, err = r.signer.configure(r.dir, text); err != nil {
				return err
			}
		}
		if err := os.WriteFile(r.config(), []byte(text), 0o600); err != nil {
			return err
		}
		return r.run(r.options.Gatehouse, "serve", "--config", r.config())
	}}
}

func (r *running) config() string { return filepath.Join(r.dir, "gatehouse.yaml") }

// fill gives a server that has no script of its own its list and its ban.
func (r *running) fill(ctx context.Context) error {
	if !r.ours {
		return nil
	}
	var list strings.Builder
	for i := range listSize {
		fmt.Fprintf(&list, "%s%07d\n", listPrefix, i*listStep)
	}
	path := filepath.Join(r.dir, "list.txt")
	if err := os.WriteFile(path, []byte(list.String()), 0o600); err != nil {
		return err
	}
	commands := []string{r.options.ImportArgs, r.options.BanArgs}
	if r.signer != nil {
		commands = append(commands, strings.Replace(r.options.CertArgs, "{file}", r.signer.chain, 1))
	}
	for _, command := range commands {
		args := strings.Fields(strings.NewReplacer("{config}", r.config(), "{file}", path, "{source}", banned, "{url}", signerURL).Replace(command))
		if err := r.tool(ctx, r.options.Gatehouse, args...); err != nil {
			return err
		}
	}
	return nil
}
