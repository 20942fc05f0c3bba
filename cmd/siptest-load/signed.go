package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gatehouse.example/stir/stirtest"
)

// signerURL is where the certificate is said to be; the server has it before the load begins.
const signerURL = "https://certs.carrier.test/load.pem"

// signedSize is that of an INVITE of 842 octets with its Identity field.
const signedSize = 1280

// signer signs each call of a load.
type signer struct {
	root, leaf *stirtest.Cert
	chain      string // the file that the certificate is imported from
}

func newSigner() *signer {
	root := stirtest.NewRoot()
	return &signer{root: root, leaf: root.Leaf(stirtest.SPC("LOAD"))}
}

// configure writes root and chain into the server's folder and names the root in its configuration.
func (s *signer) configure(dir, config string) (string, error) {
	roots := filepath.Join(dir, "roots.pem")
	s.chain = filepath.Join(dir, "chain.pem")
	for file, text := range map[string][]byte{roots: s.root.ChainPEM(), s.chain: s.leaf.ChainPEM()} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return "", err
		}
	}
	return config + "\nidentity: {roots: [" + roots + "]}\n", nil
}

// sign makes the Identity value of one call: full form, shaken, attestation A.
func (s *signer) sign(caller, callee string) string {
	token := s.leaf.Shaken(signerURL, strings.TrimPrefix(caller, "+"), callee, "A", time.Now())
	return token + ";info=<" + signerURL + ">;alg=ES256;ppt=shaken"
}

// signed loads Gatehouse with full calls that it has to verify, each with a token of its own; the certificate is in its cache. There is no peer beside it.
func (c *peersCommand) signed(ctx context.Context) ([]figure, error) {
	var figures []figure
	for range c.Rounds {
		l, r, err := c.launch(ctx, gatehouse(), purpose{signer: newSigner()})
		if err != nil {
			return figures, err
		}
		f, err := c.rates(ctx, r, l, "signed", figures)
		figures = append(figures, f...)
		r.stop()
		l.Close()
		if err != nil {
			return figures, err
		}
	}
	return figures, nil
}
