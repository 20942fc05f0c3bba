package main

import (
	"errors"
	"fmt"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
)

type identitySignCmd struct {
	File       string `arg:"" optional:"" default:"-" help:"A SIP request; - is stdin."`
	Cert       string `help:"The certificate chain, PEM, ours first." placeholder:"FILE"`
	Key        string `help:"Its private key, PEM, readable by nobody else. Default: identity.keys of the configuration." placeholder:"FILE"`
	URL        string `help:"Where verifiers find the chain." placeholder:"https://…" name:"url"`
	Attest     string `help:"What is vouched for: A, the caller is our customer and the number his; B, he is our customer; C, the call came through us." enum:"A,B,C," default:"" placeholder:"A|B|C"`
	OrigID     string `help:"Where the call came into our network, a UUID. Default: one made of the URL." name:"origid" placeholder:"UUID"`
	Div        string `help:"Forward the request to TARGET: it becomes the Request-URI, and a div signature says so." placeholder:"TARGET"`
	HeaderOnly bool   `help:"Print only the header fields that are added."`
	JSON       bool   `help:"Print JSON." name:"json"`
}

// Help shows examples.
func (identitySignCmd) Help() string {
	return `The request comes out as it went in, with an Identity header field, and Date if it had
none. Calls between numbers get a shaken signature, which needs --attest; there is no
default. Calls between addresses get one without attestation, a MESSAGE one over its text.
Nothing is signed for a number or domain that is not the certificate's.

Examples:
  gatehouse identity sign --cert chain.pem --key sti.key --url https://certs.example.test/sti.pem --attest A < invite.sip
  gatehouse identity sign invite.sip --attest B --header-only
  gatehouse identity sign signed.sip --div sip:+15551230009@example.test | gatehouse identity verify --request-uri
  gatehouse identity sign invite.sip --attest A --json | jq -r .identity`
}

// Run signs the message.
func (c *identitySignCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	own := c.Cert != "" || c.Key != "" || c.URL != ""
	if own && (c.Cert == "" || c.Key == "" || c.URL == "") {
		return usagef("--cert, --key and --url belong together; name all three, or none for identity.keys of the configuration")
	}
	m, err := a.request(c.File)
	if err != nil {
		return err
	}
	var credentials []stir.Credential
	if own {
		credentials, err = c.credential(m, cfg.Plan())
	} else {
		credentials, err = configured(cfg)
	}
	if err != nil {
		return err
	}
	signer, err := stir.NewSigner(stir.SignerConfig{
		Credentials: credentials, Plan: cfg.Plan(), OrigID: c.OrigID, Freshness: time.Duration(cfg.Identity.Freshness),
	})
	switch {
	case errors.Is(err, stir.ErrExpired):
		return err
	case err != nil:
		return usageError{err}
	}
	return c.sign(a, signer, m)
}

// configured are the keys of the configuration.
func configured(cfg *config.Config) ([]stir.Credential, error) {
	credentials, err := loadCredentials(cfg)
	if err == nil && len(credentials) == 0 {
		return nil, usagef("nothing to sign with: name --cert, --key and --url, or set identity.keys")
	}
	return credentials, err
}

// credential is the key of the command line. It signs for the parties of this message that its certificate speaks for.
func (c *identitySignCmd) credential(m *sip.Message, plan uri.Plan) ([]stir.Credential, error) {
	chain, err := loadChain(c.Cert)
	if err != nil {
		return nil, usagef("--cert %s: %w", c.Cert, err)
	}
	key, err := loadKey(c.Key)
	if err != nil {
		return nil, usagef("--key %s: %w", c.Key, err)
	}
	may := authorityOf(chain)
	one := stir.Credential{Key: key, Chain: chain, URL: c.URL, Domains: may.domains}
	for _, u := range []*uri.URI{m.FromURI(), m.URI()} {
		if tn := stir.Canonical(u, plan).TN; tn != "" && may.covers(tn) {
			one.Numbers = append(one.Numbers, tn)
		}
	}
	if len(one.Numbers)+len(one.Domains) == 0 {
		return nil, fmt.Errorf("%s speaks neither for the caller nor for who is called", c.Cert)
	}
	return []stir.Credential{one}, nil
}

// sign makes the signature and prints it.
func (c *identitySignCmd) sign(a *app, signer *stir.Signer, m *sip.Message) error {
	var edit sip.Edit
	edit.Begin(m)
	var signed stir.Signed
	var err error
	if c.Div != "" {
		var target uri.URI
		if target, err = parseURI(c.Div); err != nil {
			return err
		}
		edit.Replace(m.RequestURISpan(), target.AppendTo(nil))
		signed, err = signer.SignDiv(m, &target)
	} else {
		var attestation byte
		if c.Attest != "" {
			attestation = c.Attest[0]
		}
		signed, err = signer.Sign(m, stir.Assertion{Attestation: attestation})
	}
	if errors.Is(err, stir.ErrAttestation) {
		return usagef("a call between numbers needs an attestation: --attest A, B or C")
	}
	if err != nil {
		return err
	}
	var lines [][2]string
	if signed.Date != "" {
		lines = append(lines, [2]string{"Date", signed.Date})
	}
	lines = append(lines, [2]string{"Identity", signed.Identity})
	for _, l := range lines {
		edit.Insert(m.HeadersEnd(), []byte(l[0]+": "+l[1]+"\r\n"))
	}
	message := edit.AppendTo(nil)
	if err := new(sip.Message).Parse(message); err != nil {
		return fmt.Errorf("the signed request would not be valid: %w", err)
	}
	return c.print(a, &signed, lines, message)
}

func (c *identitySignCmd) print(a *app, signed *stir.Signed, lines [][2]string, message []byte) error {
	switch {
	case c.JSON:
		return a.json(struct {
			PPT      string `json:"ppt"` // shaken, msg, div, or empty
			Identity string `json:"identity"`
			Date     string `json:"date"` // empty where the request has one
			Message  string `json:"message"`
		}{signed.PPT, signed.Identity, signed.Date, string(message)})
	case c.HeaderOnly:
		message = nil
		for _, l := range lines {
			message = append(message, l[0]+": "+l[1]+"\n"...)
		}
	}
	if _, err := a.stdout.Write(message); err != nil {
		return fmt.Errorf("cannot print: %w", err)
	}
	return nil
}
