package lists

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"
)

// Export writes a list, by value. CSV (also for Auto) keeps everything but the Added time. Lines keeps values and notes only, so it holds
// entries of one kind; those of the other are left out.
func (l *Lists) Export(w io.Writer, list string, format Format, kind Kind) error {
	write := exportCSV
	if format == Lines {
		write = func(w io.Writer, entries []Entry) error { return exportLines(w, entries, kind) }
	}
	if err := write(w, l.Entries(list)); err != nil {
		return fmt.Errorf("lists: export: %w", err)
	}
	return nil
}

func exportLines(w io.Writer, entries []Entry, kind Kind) error {
	bw := bufio.NewWriter(w)
	for i := range entries {
		e := &entries[i]
		if e.Kind != kind {
			continue
		}
		bw.WriteString(e.Value)
		if note := oneLine(e.Note); note != "" {
			bw.WriteString("  # " + note)
		}
		bw.WriteByte('\n')
	}
	return bw.Flush()
}

func exportCSV(w io.Writer, entries []Entry) error {
	cw := csv.NewWriter(w)
	if err := cw.Write(strings.Split(strings.Join(ours[:], ","), ",")); err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		expires := ""
		if !e.Expires.IsZero() {
			expires = e.Expires.UTC().Format(time.RFC3339)
		}
		if err := cw.Write([]string{e.Value, e.Kind.String(), oneLine(e.Note), expires}); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
