package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"gatehouse.example/sip"
	"gatehouse.example/stir/certificate"
)

type identityCmd struct {
	Verify identityVerifyCmd `cmd:"" help:"Say what the signatures of a SIP message prove."`
	Sign   identitySignCmd   `cmd:"" help:"Sign a SIP message."`
	Cert   identityCertCmd   `cmd:"" help:"Show certificates; list, import, prefetch, remove those that are kept."`
}

// Help shows examples.
func (identityCmd) Help() string {
	return `Signatures are those of STIR: the Identity header field (RFC 8224) with a PASSporT in it.
verify, sign and cert show need no server and no configuration.

Examples:
  gatehouse identity verify --roots sti-roots.pem < invite.sip
  gatehouse identity sign --cert chain.pem --key sti.key --url https://certs.example.test/sti.pem --attest A < invite.sip
  gatehouse identity cert show chain.pem --roots sti-roots.pem`
}

// errSaid ends a command with status 1 when its output has said all there is to say: an outcome is no error.
var errSaid = errors.New("said already")

// request reads one SIP request from a file or stdin. The message refers to the text that it was read from.
func (a *app) request(file string) (*sip.Message, error) {
	in, err := a.input(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, sip.MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the message: %w", err)
	}
	m := new(sip.Message)
	if err := m.Parse(wireForm(text)); err != nil {
		var pe *sip.ParseError
		if errors.As(err, &pe) {
			return nil, fmt.Errorf("%s: not a valid SIP message: %s (at octet %d)", file, pe.Reason, pe.Offset)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if !m.IsRequest() {
		return nil, fmt.Errorf("%s: this is a response; only requests are signed", file)
	}
	return m, nil
}

// rootsOf reads the root certificates that a command line names.
func rootsOf(files []string) (*certificate.Roots, error) {
	var all []byte
	for _, name := range files {
		text, err := readBounded(name)
		if err == nil {
			_, err = certificate.ParseRoots(text)
		}
		if err != nil {
			return nil, usagef("--roots %s: %w", name, err)
		}
		all = append(append(all, text...), '\n')
	}
	roots, err := certificate.ParseRoots(all)
	if err != nil {
		return nil, usagef("--roots: %w", err)
	}
	return roots, nil
}

// inQuotes is text of others in one line of a terminal, cut where it is long.
func inQuotes(s string) string {
	const most = 200
	if s == "" {
		return ""
	}
	if r := []rune(s); len(r) > most {
		return strconv.Quote(string(r[:most])) + "…"
	}
	return strconv.Quote(s)
}

// some leaves out rows that have nothing in the second column.
func some(rows [][]string) (out [][]string) {
	for _, r := range rows {
		if r[1] != "" {
			out = append(out, r)
		}
	}
	return out
}
