package main

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/locate"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

type uriCmd struct {
	Parse   uriParseCmd   `cmd:"" help:"Take an address apart and show its canonical keys."`
	Compare uriCompareCmd `cmd:"" help:"Say whether two addresses are equal by RFC 3261 §19.1.4."`
	Locate  uriLocateCmd  `cmd:"" help:"Look up where requests to an address go (RFC 3263)."`
}

// Help shows examples.
func (uriCmd) Help() string {
	return "Examples:\n  gatehouse uri parse \"sip:+1-555-123-0001@carrier.test;user=phone\"\n  gatehouse uri compare sip:%61lice@example.test sip:alice@EXAMPLE.test\n  gatehouse uri locate sip:example.test"
}

// parseURI reads an address of the command line.
func parseURI(s string) (uri.URI, error) {
	u, err := uri.Parse([]byte(s))
	if err != nil {
		return u, usagef("%q is not a sip:, sips:, tel: or other URI: %w", s, err)
	}
	return u, nil
}

type uriParseCmd struct {
	URI  string `arg:"" help:"The address."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (uriParseCmd) Help() string { return "Example:\n  gatehouse uri parse tel:+1-555-123-0001 --json" }

// Run prints the parts.
func (c *uriParseCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	u, err := parseURI(c.URI)
	if err != nil {
		return err
	}
	number, _ := u.AppendNumber(nil, cfg.Plan())
	out := struct {
		Scheme  string `json:"scheme"`
		User    string `json:"user"`
		Host    string `json:"host"`
		Port    uint16 `json:"port"`
		Params  string `json:"params"`
		Headers string `json:"headers"`
		AoR     string `json:"aor"`
		Number  string `json:"number"`
	}{string(u.SchemeName), string(u.User), string(u.Host), u.Port, string(u.Params), string(u.Headers), string(u.AppendAoR(nil)), string(number)}
	if c.JSON {
		return a.json(out)
	}
	port := ""
	if out.Port != 0 {
		port = strconv.Itoa(int(out.Port))
	}
	return a.table("PART VALUE", [][]string{{"scheme", out.Scheme}, {"user", out.User}, {"host", out.Host}, {"port", port},
		{"params", out.Params}, {"headers", out.Headers}, {"address of record", out.AoR}, {"number", out.Number}})
}

type uriCompareCmd struct {
	A    string `arg:"" help:"One address."`
	B    string `arg:"" help:"The other."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (uriCompareCmd) Help() string {
	return "The exit status is 0 in both cases: read the answer.\n\nExample:\n  gatehouse uri compare sip:%61lice@example.test sip:alice@EXAMPLE.test"
}

// Run prints whether they are equal.
func (c *uriCompareCmd) Run(a *app) error {
	x, err := parseURI(c.A)
	if err != nil {
		return err
	}
	y, err := parseURI(c.B)
	if err != nil {
		return err
	}
	equal := uri.Equal(&x, &y)
	same := string(x.AppendAoR(nil)) == string(y.AppendAoR(nil))
	if c.JSON {
		return a.json(map[string]bool{"equal": equal, "same_address_of_record": same})
	}
	word := "different"
	if equal {
		word = "equal"
	} else if same {
		word = "different, but the same address of record"
	}
	_, err = fmt.Fprintln(a.stdout, word)
	return err
}

type uriLocateCmd struct {
	URI  string `arg:"" help:"The address, as sip:example.test."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (uriLocateCmd) Help() string { return "Example:\n  gatehouse uri locate sips:example.test" }

// Run looks the address up, by the DNS servers of the configuration.
func (c *uriLocateCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	t, err := config.ParseTarget(c.URI)
	if err != nil {
		return usageError{err}
	}
	lc, err := locateConfig(cfg)
	if err != nil {
		return err
	}
	lc.Own = nil // here it is no loop to find ourselves
	r := locate.New(lc)
	defer r.Close()
	// Whoever asks on the command line is trusted like the configuration's author.
	hops, err := r.Lookup(a.ctx, locate.Target{Host: t.Host, Port: t.Port, Transport: t.Transport, Secure: t.Secure, Trusted: true})
	if err != nil {
		return fmt.Errorf("%s: %w", c.URI, err)
	}
	type hop struct {
		Address   string `json:"address"`
		Transport string `json:"transport"`
		Name      string `json:"server_name,omitempty"`
	}
	out := make([]hop, len(hops))
	rows := make([][]string, len(hops))
	for i, h := range hops {
		out[i] = hop{h.Addr.String(), h.Transport.Lower(), h.ServerName}
		rows[i] = []string{out[i].Address, out[i].Transport, out[i].Name}
	}
	if c.JSON {
		return a.json(map[string]any{"hops": out})
	}
	return a.table("ADDRESS TRANSPORT TLS-NAME", rows)
}

// locateConfig is what the resolver needs of the configuration.
func locateConfig(cfg *config.Config) (locate.Config, error) {
	c := locate.Config{Transports: []sip.Transport{sip.TLS, sip.TCP, sip.UDP, sip.WSS, sip.WS}, Timeout: cfg.DNS.Deadline()}
	for _, p := range cfg.DNS.Allow {
		c.Allow = append(c.Allow, p.Prefix)
	}
	own := map[netip.AddrPort]bool{}
	for _, l := range cfg.Listen {
		own[l.Addr] = true
	}
	c.Own = func(a netip.AddrPort) bool { return own[a] }
	if hosts, err := os.ReadFile("/etc/hosts"); err == nil {
		c.Hosts = string(hosts)
	}
	c.Servers = cfg.DNS.Addresses()
	if len(c.Servers) > 0 {
		return c, nil
	}
	text, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return c, nil // no DNS: only literal addresses and names of /etc/hosts resolve
	}
	if c.Servers, err = locate.Servers(string(text)); err != nil {
		return c, cfg.Problem("dns.servers", "/etc/resolv.conf is not readable ("+err.Error()+"); name the servers here", err)
	}
	return c, nil
}
