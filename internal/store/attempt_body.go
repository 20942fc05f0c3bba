package store

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"gatehouse.example/verdict"
)

// The body of a row is a verdict without what has columns of its own, as a JSON array without names: half the size of the
// contract's JSON, and the size is what a row costs. New fields go to the end; a body that ends earlier has them zero.
//
//	[mode, would, score, proof, claimed, display, identity, requested, user, alias, address, transport, peer, user agent,
//	 introduction, elapsed µs, response code or 0, response reason, [[signal's name, strength, weight, score, evidence], …]]

// fieldLimit bounds each text in a body: nobody reads further, and a caller must not fill the disk with one header.
const fieldLimit = 1024

func appendBody(dst []byte, v *verdict.Verdict) []byte {
	dst = appendInt(append(dst, '['), int64(v.Mode))
	dst = appendInt(append(dst, ','), int64(v.Would))
	dst = appendNumber(append(dst, ','), v.Score)
	dst = appendInt(append(dst, ','), int64(v.From.Proof))
	for _, s := range [...]string{v.From.Claimed, v.From.Display, v.From.Identity, v.To.Requested, v.To.User, v.To.Alias,
		v.Source.Address, v.Source.Transport, v.Source.Peer, v.Source.UserAgent, v.Introduction} {
		dst = appendString(append(dst, ','), s)
	}
	dst = appendInt(append(dst, ','), v.ElapsedUS)
	var response verdict.Response
	if v.Response != nil {
		response = *v.Response
	}
	dst = appendInt(append(dst, ','), int64(response.Code))
	dst = appendString(append(dst, ','), response.Reason)
	dst = append(dst, ",["...)
	for i := range v.Signals {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSignal(dst, &v.Signals[i])
	}
	return append(dst, "]]"...)
}

func appendSignal(dst []byte, s *verdict.Signal) []byte {
	dst = appendString(append(dst, '['), s.Name)
	dst = appendNumber(append(dst, ','), s.Strength)
	dst = appendNumber(append(dst, ','), s.Weight)
	dst = appendNumber(append(dst, ','), s.Score)
	dst = appendString(append(dst, ','), s.Evidence)
	return append(dst, ']')
}

// readBody fills in what appendBody wrote.
func readBody(body []byte, v *verdict.Verdict) error {
	var mode, would, proof uint8
	var response verdict.Response
	var signals []signal
	fields := []any{&mode, &would, &v.Score, &proof, &v.From.Claimed, &v.From.Display, &v.From.Identity, &v.To.Requested, &v.To.User,
		&v.To.Alias, &v.Source.Address, &v.Source.Transport, &v.Source.Peer, &v.Source.UserAgent, &v.Introduction, &v.ElapsedUS,
		&response.Code, &response.Reason, &signals}
	if err := json.Unmarshal(body, &fields); err != nil {
		return err
	}
	v.Mode, v.Would, v.From.Proof = verdict.Mode(mode), verdict.Action(would), verdict.Proof(proof)
	if response.Code != 0 {
		v.Response = &response
	}
	v.Signals = make(verdict.Signals, len(signals))
	for i := range signals {
		v.Signals[i] = verdict.Signal(signals[i])
	}
	return nil
}

// signal is a verdict's signal that reads what appendSignal wrote.
type signal verdict.Signal

// UnmarshalJSON reads an array.
func (s *signal) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.Name, &s.Strength, &s.Weight, &s.Score, &s.Evidence})
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// appendNumber writes what JSON cannot hold as 0.
func appendNumber(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// appendString quotes the first fieldLimit octets of s; octets that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	s = cut(s, fieldLimit)
	dst = append(dst, '"')
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return append(appendEscaped(append(dst, s[:i]...), s[i:]), '"')
		}
	}
	return append(append(dst, s...), '"')
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for _, r := range s { // what is not UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// cut returns at most n octets of s, whole characters where s is UTF-8.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for end := n; end > n-utf8.UTFMax; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:n]
}
