package main

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/stir/certificate"
)

type identityCertCmd struct {
	Show     identityCertShowCmd     `cmd:"" help:"Show a chain of certificates: whose it is and what it may sign."`
	List     identityCertListCmd     `cmd:"" help:"Show the certificates that are kept."`
	Import   identityCertImportCmd   `cmd:"" help:"Keep the chain of a file for an address that cannot be reached."`
	Prefetch identityCertPrefetchCmd `cmd:"" help:"Fetch chains now, before a call needs them."`
	Remove   identityCertRemoveCmd   `cmd:"" help:"Forget what is kept of an address."`
}

// Help shows examples.
func (identityCertCmd) Help() string {
	return `Examples:
  gatehouse identity cert show chain.pem --roots sti-roots.pem
  gatehouse identity cert list
  gatehouse identity cert import https://certs.example.test/sti.pem chain.pem
  gatehouse identity cert prefetch https://certs.example.test/sti.pem
  gatehouse identity cert remove https://certs.example.test/sti.pem`
}

type identityCertShowCmd struct {
	Source string   `arg:"" name:"file|url" help:"A PEM or DER file, or an https address."`
	Roots  []string `help:"Root certificates, PEM. Default: identity.roots of the configuration." placeholder:"FILE" sep:"none"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Help shows examples.
func (identityCertShowCmd) Help() string {
	return `Whether the chain leads to a root, and what is wrong with it if it does not, is part of what
is shown: the exit status is 0 in both cases. From an address it is fetched as the server does:
https, ports and networks of identity.fetch only. Nothing of it is kept.

Examples:
  gatehouse identity cert show chain.pem
  gatehouse identity cert show chain.pem --roots sti-roots.pem --json
  gatehouse identity cert show https://certs.example.test/sti.pem --roots sti-roots.pem`
}

// chainReport is a chain as scripts read it. Texts of certificates are what their CAs wrote.
type chainReport struct {
	Source       string       `json:"source"`
	Trusted      *bool        `json:"trusted"` // null where no roots are known
	Why          string       `json:"why"`     // it does not lead to a root, or is refused all the same
	Root         string       `json:"root"`    // the issuer's name of the last certificate that counts
	Valid        bool         `json:"valid"`   // now
	Invalid      string       `json:"invalid"` // why it is not
	Certificates []certReport `json:"certificates"`
}

// certReport is one certificate of a chain.
type certReport struct {
	Subject     string             `json:"subject"`
	Issuer      string             `json:"issuer"`
	Serial      string             `json:"serial"`
	NotBefore   time.Time          `json:"not_before"`
	NotAfter    time.Time          `json:"not_after"`
	Fingerprint string             `json:"fingerprint"` // SHA-256
	CA          bool               `json:"ca"`
	SPC         []string           `json:"spc"`
	Numbers     []string           `json:"numbers"`
	Ranges      []numberRange      `json:"ranges"`
	Domains     []string           `json:"domains"`
	Constraints *constraintsReport `json:"constraints"`
	CRLPoints   []string           `json:"crl_points"`
	Problems    []string           `json:"problems"` // extensions that cannot be read
}

type numberRange struct {
	Start string `json:"start"`
	Count uint64 `json:"count"`
}

// constraintsReport limits the claims of tokens. RFC 8226 §8, RFC 9118 §3.
type constraintsReport struct {
	MustInclude []string            `json:"must_include"`
	MustExclude []string            `json:"must_exclude"`
	Permitted   map[string][]string `json:"permitted"`
}

// Run shows the chain.
func (c *identityCertShowCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	var roots *certificate.Roots
	if len(c.Roots) > 0 {
		roots, err = rootsOf(c.Roots)
	} else {
		roots, err = loadRoots(cfg)
	}
	if err != nil {
		return err
	}
	var chain *certificate.Chain
	if strings.Contains(c.Source, "://") {
		chain, err = c.fetched(a, cfg)
	} else {
		chain, err = loadChain(c.Source)
	}
	if err != nil {
		return err
	}
	report := newChainReport(c.Source, chain, roots, time.Now())
	if c.JSON {
		return a.json(report)
	}
	return report.print(a)
}

// fetched is the chain of an address, got as the server gets it, whatever it leads to.
func (c *identityCertShowCmd) fetched(a *app, cfg *config.Config) (chain *certificate.Chain, err error) {
	fetcher, err := newFetcher(cfg, nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fetcher.Close()) }()
	return fetcher.Look(a.ctx, c.Source)
}

func newChainReport(source string, chain *certificate.Chain, roots *certificate.Roots, now time.Time) *chainReport {
	out := &chainReport{Source: source, Valid: true, Certificates: []certReport{}}
	for i, c := range chain.Certificates() {
		out.Certificates = append(out.Certificates, newCertReport(c))
		switch which := "certificate " + strconv.Itoa(i+1); {
		case now.Before(c.NotBefore):
			out.invalid(which + " is not valid before " + utc(c.NotBefore).Format(time.DateTime))
		case now.After(c.NotAfter):
			out.invalid(which + " expired on " + utc(c.NotAfter).Format(time.DateTime))
		}
	}
	if roots == nil {
		return out
	}
	path, err := roots.Path(chain)
	trusted := err == nil
	out.Trusted = &trusted
	if err != nil {
		out.Why = reasonText(err)
		if certificate.ReasonOf(err) == certificate.BadTNAuthList { // the signatures are good
			out.Root = rootOf(chain, roots)
		}
		return out
	}
	if err := path.At(now, now); err != nil && out.Valid {
		out.invalid(reasonText(err)) // the root
	}
	out.Root = rootOf(chain, roots)
	return out
}

// invalid notes the first thing that makes the chain invalid now.
func (out *chainReport) invalid(why string) {
	if out.Valid {
		out.Valid, out.Invalid = false, why
	}
}

// rootOf names the root that a chain leads to.
func rootOf(chain *certificate.Chain, roots *certificate.Roots) string {
	for _, c := range chain.Certificates() {
		for _, r := range roots.Certificates() {
			if c.Equal(r) || c.CheckSignatureFrom(r) == nil {
				return r.Subject.String()
			}
		}
	}
	return ""
}

func newCertReport(c *x509.Certificate) certReport {
	out := certReport{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialNumber.Text(16), NotBefore: utc(c.NotBefore), NotAfter: utc(c.NotAfter),
		Fingerprint: fingerprint(c.Raw), CA: c.IsCA, SPC: []string{}, Numbers: []string{}, Ranges: []numberRange{},
		Domains: append([]string{}, domainsOf(c)...), CRLPoints: append([]string{}, c.CRLDistributionPoints...), Problems: []string{},
	}
	if value := extensionOf(c, certificate.OIDTNAuthList); value != nil {
		list, err := certificate.ParseTNAuthList(value)
		out.problem(err)
		out.SPC, out.Numbers = append(out.SPC, list.SPC...), append(out.Numbers, list.Numbers...)
		for _, r := range list.Ranges {
			out.Ranges = append(out.Ranges, numberRange{r.Start, r.Count})
		}
	}
	out.constrained(extensionOf(c, certificate.OIDClaimConstraints), false)
	out.constrained(extensionOf(c, certificate.OIDEnhancedClaimConstraints), true)
	return out
}

func extensionOf(c *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}

func (out *certReport) problem(err error) {
	if err != nil {
		out.Problems = append(out.Problems, strings.TrimPrefix(err.Error(), "certificate: "))
	}
}

// constrained adds an extension that constrains claims.
func (out *certReport) constrained(value []byte, enhanced bool) {
	if value == nil {
		return
	}
	c, err := certificate.ParseConstraints(value, enhanced)
	if out.problem(err); err != nil {
		return
	}
	if out.Constraints == nil {
		out.Constraints = &constraintsReport{MustInclude: []string{}, MustExclude: []string{}, Permitted: map[string][]string{}}
	}
	out.Constraints.MustInclude = append(out.Constraints.MustInclude, c.MustInclude...)
	out.Constraints.MustExclude = append(out.Constraints.MustExclude, c.MustExclude...)
	for name, values := range c.Permitted {
		out.Constraints.Permitted[name] = append(out.Constraints.Permitted[name], values...)
	}
}

// print writes the report for people.
func (out *chainReport) print(a *app) error {
	leads := "not judged: no roots are known (--roots)"
	switch {
	case out.Trusted == nil:
	case *out.Trusted:
		leads = "yes, " + inQuotes(out.Root)
	case out.Root != "":
		leads = "yes, " + inQuotes(out.Root) + ", and is refused: " + out.Why
	default:
		leads = "no: " + out.Why
	}
	valid := "yes"
	if !out.Valid {
		valid = "no: " + out.Invalid
	}
	rows := [][]string{{"chain", inQuotes(out.Source)}, {"leads to a root", leads}, {"valid now", valid}}
	for i := range out.Certificates {
		rows = append(rows, out.Certificates[i].rows(i+1)...)
	}
	return a.table("FIELD VALUE", some(rows))
}

func (out *certReport) rows(n int) [][]string {
	ranges := make([]string, len(out.Ranges))
	for i, r := range out.Ranges {
		ranges[i] = fmt.Sprintf("%d from %s", r.Count, r.Start)
	}
	rows := [][]string{
		{"certificate " + strconv.Itoa(n), inQuotes(out.Subject)}, {"  issuer", inQuotes(out.Issuer)}, {"  serial", out.Serial},
		{"  valid", day(out.NotBefore, "-") + " to " + day(out.NotAfter, "-")}, {"  fingerprint", out.Fingerprint},
		{"  SPC", quotedList(out.SPC)}, {"  numbers", strings.Join(out.Numbers, ", ")}, {"  ranges", strings.Join(ranges, ", ")},
		{"  domains", quotedList(out.Domains)}, {"  CRLs", quotedList(out.CRLPoints)}, {"  not readable", strings.Join(out.Problems, "; ")},
	}
	if c := out.Constraints; c != nil {
		rows = append(rows, []string{"  must claim", quotedList(c.MustInclude)}, []string{"  must not claim", quotedList(c.MustExclude)})
		for _, name := range sorted(c.Permitted) {
			rows = append(rows, []string{"  may claim", inQuotes(name) + " as " + quotedList(c.Permitted[name])})
		}
	}
	return rows
}
