package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"gatehouse.example/internal/config"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

// maxCredentialFile bounds a file of certificates or a key.
const maxCredentialFile = 1 << 20

// loadRoots reads the STI roots; nil where none are configured.
func loadRoots(cfg *config.Config) (*certificate.Roots, error) {
	var all []byte
	for i, name := range cfg.Identity.Roots {
		key := fmt.Sprintf("identity.roots[%d]", i)
		text, err := readBounded(name)
		if err != nil {
			return nil, cfg.Problem(key, "the file of root certificates cannot be read: "+err.Error(), err)
		}
		if _, err := certificate.ParseRoots(text); err != nil {
			return nil, cfg.Problem(key, name+" holds no usable root certificates: "+err.Error(), err)
		}
		all = append(append(all, text...), '\n')
	}
	if len(all) == 0 {
		return nil, nil
	}
	roots, err := certificate.ParseRoots(all)
	if err != nil {
		return nil, err
	}
	return withCRLIssuers(roots, cfg.Identity.CRLIssuers, func(i int, text string, err error) error {
		return cfg.Problem(fmt.Sprintf("identity.crl_issuers[%d]", i), text, err)
	})
}

// withCRLIssuers are the roots, and those whose indirect CRLs are believed.
func withCRLIssuers(roots *certificate.Roots, files []string, problem func(i int, text string, err error) error) (*certificate.Roots, error) {
	for i, name := range files {
		text, err := readBounded(name)
		if err != nil {
			return nil, problem(i, "the file of CRL issuers cannot be read: "+err.Error(), err)
		}
		if roots, err = roots.WithCRLIssuers(text); err != nil {
			return nil, problem(i, name+" holds no usable CRL issuer: "+err.Error(), err)
		}
	}
	return roots, nil
}

// loadCredentials reads the signing keys with their chains.
func loadCredentials(cfg *config.Config) ([]stir.Credential, error) {
	var all []stir.Credential
	for i := range cfg.Identity.Keys {
		k := &cfg.Identity.Keys[i]
		at := fmt.Sprintf("identity.keys[%d]", i)
		chain, err := loadChain(k.Cert)
		if err != nil {
			return nil, cfg.Problem(at+".cert", "the certificate chain cannot be used: "+err.Error(), err)
		}
		key, err := loadKey(k.Key)
		if err != nil {
			return nil, cfg.Problem(at+".key", "the private key cannot be used: "+err.Error(), err)
		}
		c := stir.Credential{Key: key, Chain: chain, URL: k.URL}
		for _, n := range k.Numbers {
			c.Numbers = append(c.Numbers, strings.TrimPrefix(string(n), "+"))
		}
		for _, d := range k.Domains {
			c.Domains = append(c.Domains, strings.ToLower(d))
		}
		all = append(all, c)
	}
	return all, nil
}

func loadChain(file string) (*certificate.Chain, error) {
	text, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	return certificate.ParseChain(text)
}

// loadKey reads an elliptic curve key that nobody but its owner may read. What it returns signs; a key that never leaves a security module
// would come from here as well.
func loadKey(file string) (crypto.Signer, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, reasonOf(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o); chmod 600 it", file, mode)
	}
	text, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if ec, ok := key.(*ecdsa.PrivateKey); ok {
				return ec, nil
			}
			return nil, fmt.Errorf("%s holds a key of another kind; STIR signs with P-256 keys only (RFC 8225 §8)", file)
		}
	}
	return nil, fmt.Errorf("%s holds no private key in PEM", file)
}

func readBounded(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, reasonOf(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxCredentialFile {
		return nil, fmt.Errorf("%s is no file of at most 1 MiB", file)
	}
	text, err := os.ReadFile(file)
	return text, reasonOf(err)
}

// reasonOf is an error of the file system in the form "FILE: what".
func reasonOf(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}
