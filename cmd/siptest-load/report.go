package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// String is one line of progress.
func (f figure) String() string {
	s := fmt.Sprintf("%-10s %-8s %6.0f/s", f.server, f.mode, f.rate)
	switch f.mode {
	case "banned":
		return s + fmt.Sprintf("  %7.2f µs/packet  %d packets taken", micros(f.per), f.taken)
	case "ringing", "talking":
		return s + fmt.Sprintf("  %6.1f kB/call  %d calls, failed %d", f.perCall(), f.result.Peak, f.result.Failed)
	}
	r := f.result
	for status, n := range r.Statuses {
		if n > 0 {
			s += fmt.Sprintf("  %d×%d", n, status)
		}
	}
	return s + fmt.Sprintf("  %7.1f µs/call  failed %d of %d  p99 %v  max %v  retransmits %d  overtaken %d  lag %v  RSS %d MB",
		micros(f.per), r.Failed, r.Started, r.P99().Round(time.Microsecond), max(r.Delay[0].Max(), r.Delay[1].Max()).Round(time.Microsecond),
		r.Retransmits, r.Overtaken, r.Lag.Round(time.Microsecond), f.memory>>20)
}

// perCall is the memory of one held call in kB.
func (f figure) perCall() float64 {
	return float64(f.memory-f.idle) / 1000 / float64(max(f.result.Peak, 1))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// report writes the tables.
func (c *peersCommand) report(ctx context.Context, figures []figure) error {
	commit := "unknown"
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	now := time.Now()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, commit %s\n\n%d processors, %s; load %v, tail %v, %d rounds, medians (least–most).\n",
		now.Format(time.DateOnly), commit, runtime.NumCPU(), kernel(), c.Duration, c.Tail, c.Rounds)
	if c.Note != "" {
		fmt.Fprintf(&b, "%s\n", c.Note)
	}
	for _, mode := range []string{"calls", "blocked", "signed"} {
		if slices.Contains(c.Modes, mode) {
			c.callTable(&b, mode, figures)
		}
	}
	if slices.Contains(c.Servers, "everything") {
		c.everythingTable(&b, figures)
	}
	if slices.Contains(c.Modes, "banned") {
		c.bannedTable(&b, figures)
	}
	if slices.Contains(c.Modes, "hold") {
		c.holdTable(&b, figures)
	}
	path := c.Out
	switch path {
	case "-":
		_, err := os.Stdout.WriteString(b.String())
		return err
	case "":
		path = filepath.Join(c.Bench, "results", now.Format(time.DateOnly)+"-"+commit+".md")
	}
	fmt.Fprintln(os.Stderr, "results:", path)
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// kernel names the running kernel.
func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "Linux"
	}
	return "Linux " + strings.TrimSpace(string(b))
}

// pick returns the figures of one server at one rate in a mode.
func pick(figures []figure, server, mode string, rate float64) []figure {
	var list []figure
	for _, f := range figures {
		if f.server == server && f.mode == mode && (rate == 0 || f.rate == rate) {
			list = append(list, f)
		}
	}
	return list
}

// middle returns the median of a value over figures, and its range.
func middle(figures []figure, value func(figure) float64) (median, least, most float64) {
	v := make([]float64, len(figures))
	for i, f := range figures {
		v[i] = value(f)
	}
	slices.Sort(v)
	if len(v) == 0 {
		return 0, 0, 0
	}
	return v[len(v)/2], v[0], v[len(v)-1]
}

func perUnit(f figure) float64 { return micros(f.per) }

// cell writes a median with its range.
func cell(figures []figure, format string, value func(figure) float64) string {
	if len(figures) == 0 {
		return "–"
	}
	median, least, most := middle(figures, value)
	if len(figures) == 1 {
		return fmt.Sprintf(format, median)
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median, least, most)
}

// ratio writes how much the second server uses of what the first one uses.
func ratio(a, b []figure, value func(figure) float64) string {
	x, _, _ := middle(a, value)
	y, _, _ := middle(b, value)
	if x == 0 || y == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", y/x)
}

func (c *peersCommand) callTable(b *strings.Builder, mode string, figures []figure) {
	title := map[string]string{"calls": "Full calls", "blocked": "Attempts of blocked callers"}[mode]
	fmt.Fprintf(b, "\n## %s\n\n| rate /s | kamailio µs/call | gatehouse µs/call | ratio |", title)
	columns := []struct {
		name, format string
		value        func(figure) float64
	}{
		{"failed", "%.0f", func(f figure) float64 { return float64(f.result.Failed) }},
		{"done /s", "%.0f", func(f figure) float64 { return float64(f.result.Completed) / c.Duration.Seconds() }},
		{"p50 ms", "%.2f", func(f figure) float64 { return micros(f.p50(mode)) / 1000 }},
		{"p99 ms", "%.2f", func(f figure) float64 { return micros(f.p99(mode)) / 1000 }},
		{"retransmits", "%.0f", func(f figure) float64 { return float64(f.result.Retransmits) }},
		{"overtaken", "%.0f", func(f figure) float64 { return float64(f.result.Overtaken) }},
		{"RSS MB", "%.0f", func(f figure) float64 { return float64(f.memory >> 20) }},
	}
	for _, col := range columns {
		fmt.Fprintf(b, " %s k / g |", col.name)
	}
	fmt.Fprintf(b, "\n|%s\n", strings.Repeat("---:|", 4+len(columns)))
	for _, rate := range c.Rates {
		k, g := pick(figures, "kamailio", mode, rate), pick(figures, "gatehouse", mode, rate)
		fmt.Fprintf(b, "| %.0f | %s | %s | %s |", rate, cell(k, "%.1f", perUnit), cell(g, "%.1f", perUnit), ratio(k, g, perUnit))
		for _, col := range columns {
			fmt.Fprintf(b, " %s / %s |", cell(typical(k, col.value), col.format, col.value), cell(typical(g, col.value), col.format, col.value))
		}
		b.WriteByte('\n')
	}
}

// typical keeps the figure with the median of a value, so that a cell stays short.
func typical(figures []figure, value func(figure) float64) []figure {
	median, _, _ := middle(figures, value)
	for _, f := range figures {
		if value(f) == median {
			return []figure{f}
		}
	}
	return nil
}

// p50 and p99 are the delay through the server, or the time to the refusal.
func (f figure) p50(mode string) time.Duration {
	if mode == "blocked" {
		return f.result.Setup.Quantile(0.5)
	}
	return max(f.result.Delay[0].Quantile(0.5), f.result.Delay[1].Quantile(0.5))
}

func (f figure) p99(mode string) time.Duration {
	if mode == "blocked" {
		return f.result.Setup.Quantile(0.99)
	}
	return f.result.P99()
}

// everythingTable sets every check against lists and rates alone.
func (c *peersCommand) everythingTable(b *strings.Builder, figures []figure) {
	b.WriteString("\n## Every check, against lists and rates alone\n\n| mode | rate /s | lists and rates µs | every check µs | ratio | p99 ms | RSS MB |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, mode := range []string{"calls", "blocked"} {
		for _, rate := range c.Rates {
			g, e := pick(figures, "gatehouse", mode, rate), pick(figures, "everything", mode, rate)
			if len(g) == 0 || len(e) == 0 {
				continue
			}
			fmt.Fprintf(b, "| %s | %.0f | %s | %s | %s | %s | %s |\n", mode, rate, cell(g, "%.1f", perUnit), cell(e, "%.1f", perUnit), ratio(g, e, perUnit),
				cell(e, "%.2f", func(f figure) float64 { return micros(f.p99(mode)) / 1000 }), cell(e, "%.0f", func(f figure) float64 { return float64(f.memory >> 20) }))
		}
	}
}

func (c *peersCommand) bannedTable(b *strings.Builder, figures []figure) {
	b.WriteString("\n## Packets of a banned source\n\n| server | µs/packet | of the bare receive loop | packets taken |\n|---|---:|---:|---:|\n")
	floor := pick(figures, "discard", "banned", 0)
	for _, server := range []string{"discard", "kamailio", "gatehouse"} {
		if f := pick(figures, server, "banned", 0); len(f) > 0 {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", server, cell(f, "%.2f", perUnit), ratio(floor, f, perUnit),
				cell(f, "%.0f", func(f figure) float64 { return float64(f.taken) }))
		}
	}
}

func (c *peersCommand) holdTable(b *strings.Builder, figures []figure) {
	b.WriteString("\n## Memory of held calls\n\n| server | state | calls | idle MB | MB | kB/call | failed |\n|---|---|---:|---:|---:|---:|---:|\n")
	for _, f := range figures {
		if f.mode == "ringing" || f.mode == "talking" {
			fmt.Fprintf(b, "| %s | %s | %d | %.1f | %.1f | %.2f | %d |\n", f.server, f.mode, f.result.Peak,
				float64(f.idle)/1e6, float64(f.memory)/1e6, f.perCall(), f.result.Failed)
		}
	}
}
