// Package telemetry is what the server tells its operator: the program's log,
// the security log line for fail2ban and people, and the metrics.
//
// Text that came from the network is an attacker's. [Text] quotes and cuts it
// before it gets near a log; [AppendSecurity] keeps it behind the source
// address and inside quotes, so that no user name can forge a line or a field.
// Metrics are read at scrape time from the Stats functions of the packages that
// do the work; those packages know nothing of Prometheus and pay nothing for it.
//
// Everything here is safe for concurrent use. Nothing is called per packet.
package telemetry

import (
	"io"
	"log/slog"
	"strconv"
	"unicode/utf8"
)

// maxText is how much of a network text a log line shows, in octets.
const maxText = 128

// NewLog makes the program's logger. format is "json", anything else is text.
// The level can be changed later through level.
func NewLog(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Text is an attribute for text that came from the network: quoted, escaped to
// ASCII and cut.
func Text(key, s string) slog.Attr { return slog.String(key, string(appendQuoted(nil, s))) }

// appendQuoted writes s as a Go string literal of printable ASCII, cut to
// maxText octets; a cut one ends in … written as \u2026.
func appendQuoted(dst []byte, s string) []byte {
	if len(s) <= maxText {
		return strconv.AppendQuoteToASCII(dst, s)
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return strconv.AppendQuoteToASCII(dst, s[:n]+"…")
}
