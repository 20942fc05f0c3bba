package config

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"gatehouse.example/verdict"
)

// bad is an error at a node of the file.
func bad(n ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: n.GetToken()}
}

// trimPrefix is an error's text without the package's name, for a message
// that stands behind a file position anyway.
func trimPrefix(err error) string { return strings.TrimPrefix(err.Error(), "config: ") }

// scalar is the text of a plain value as it stands in the file: 000 stays 000.
func scalar(n ast.Node) (string, error) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, nil
	case *ast.LiteralNode:
		return strings.TrimRight(v.Value.Value, "\n"), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", nil
	case *ast.TagNode:
		return scalar(v.Value)
	case *ast.AnchorNode:
		return scalar(v.Value)
	case *ast.AliasNode:
		return "", bad(n, "an alias cannot stand here; write the value out")
	}
	return "", bad(n, "a list or mapping stands where one value is expected")
}

// oneOf reads one of some words.
func oneOf(n ast.Node, to *string, words ...string) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if !slices.Contains(words, s) {
		return bad(n, "unknown value %q; use %s", s, strings.Join(words, ", "))
	}
	*to = s
	return nil
}

// Text is a string that may be written without quotes even where it looks
// like a number: 000, 0900, +49.
type Text string

// UnmarshalYAML keeps the digits as they are written.
func (t *Text) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	*t = Text(s)
	return err
}

// Duration is a time span, written as 150ms, 30s, 5m, 12h or 7d.
type Duration time.Duration

// ParseDuration reads what time.ParseDuration reads, and days: 7d.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("config: %q is not a time span; write it as 150ms, 30s, 5m, 12h or 7d", s)
	}
	if d < 0 {
		return 0, fmt.Errorf("config: %q is a negative time span; write it without the minus sign", s)
	}
	return d, nil
}

// UnmarshalYAML reads a time span.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	v, err := ParseDuration(s)
	if err != nil {
		return bad(n, "%s", trimPrefix(err))
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the shortest text that reads back the same.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the time span in words: 1h, 2m30s, 150ms.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Size is a number of bytes, written as 500MB or 2GB (powers of 1024).
type Size int64

// UnmarshalYAML reads a size.
func (s *Size) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	if err != nil {
		return err
	}
	number, shift := strings.ToUpper(text), 0
	for _, unit := range sizeUnits() {
		if cut, ok := strings.CutSuffix(number, unit.name); ok {
			number, shift = cut, unit.shift
			break
		}
	}
	v, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || v < 0 || v > math.MaxInt64>>shift {
		return bad(n, "%q is not a size; write it as 500MB or 2GB", text)
	}
	*s = Size(v << shift)
	return nil
}

type sizeUnit struct {
	name  string
	shift int
}

func sizeUnits() []sizeUnit {
	return []sizeUnit{{"TB", 40}, {"GB", 30}, {"MB", 20}, {"KB", 10}, {"B", 0}}
}

// MarshalText writes the size in the largest unit that divides it.
func (s Size) MarshalText() ([]byte, error) {
	for _, unit := range sizeUnits() {
		if s != 0 && s&(1<<unit.shift-1) == 0 {
			return fmt.Appendf(nil, "%d%s", s>>unit.shift, unit.name), nil
		}
	}
	return []byte("0"), nil
}

// Prefix is an IP prefix; one address is its own prefix.
type Prefix struct{ netip.Prefix }

// ParsePrefix reads 203.0.113.0/24, 203.0.113.7 or 2001:db8::/32.
func ParsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("config: %q is not an IP address or prefix; write it as 203.0.113.7 or 203.0.113.0/24", s)
	}
	if p.Masked() != p {
		return p, fmt.Errorf("config: %q has bits set behind its length; write it as %s", s, p.Masked())
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96), nil // as the addresses of packets are
	}
	return p, nil
}

// UnmarshalYAML reads an address or prefix.
func (p *Prefix) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if p.Prefix, err = ParsePrefix(s); err != nil {
		return bad(n, "%s", trimPrefix(err))
	}
	return nil
}

// MarshalText writes a single address without its length.
func (p Prefix) MarshalText() ([]byte, error) {
	if p.IsSingleIP() {
		return p.Addr().MarshalText()
	}
	return p.Prefix.MarshalText()
}

// Mode is verdict.Mode in the file: monitor or enforce.
type Mode verdict.Mode

// UnmarshalYAML reads monitor or enforce.
func (m *Mode) UnmarshalYAML(n ast.Node) error {
	var s string
	if err := oneOf(n, &s, verdict.Monitor.String(), verdict.Enforce.String()); err != nil {
		return err
	}
	return (*verdict.Mode)(m).UnmarshalText([]byte(s))
}

// MarshalText writes the word.
func (m Mode) MarshalText() ([]byte, error) { return verdict.Mode(m).MarshalText() }

// Level is a log level: debug, info, warn or error.
type Level slog.Level

// UnmarshalYAML reads a level.
func (l *Level) UnmarshalYAML(n ast.Node) error {
	var s string
	if err := oneOf(n, &s, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return (*slog.Level)(l).UnmarshalText([]byte(s))
}

// MarshalText writes the word.
func (l Level) MarshalText() ([]byte, error) {
	return []byte(strings.ToLower(slog.Level(l).String())), nil
}

// LogFormat is text or json.
type LogFormat string

// UnmarshalYAML reads a format.
func (f *LogFormat) UnmarshalYAML(n ast.Node) error { return oneOf(n, (*string)(f), "text", "json") }
