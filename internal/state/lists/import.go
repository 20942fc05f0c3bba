package lists

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// Format is a file format of lists.
type Format uint8

// The formats.
const (
	// Auto sees from the first line whether it is CSV's header.
	Auto Format = iota
	// Lines holds one value a line; what follows a '#' is a comment, kept as the note of the value before it.
	Lines
	// CSV has the header value,kind,note,expires; the last three may be missing. RFC 4180.
	CSV
)

const csvHeader = "value,kind,note,expires"

// ImportOptions say how a file is read.
type ImportOptions struct {
	// Format is the file's; the zero value finds out.
	Format Format
	// Kind is for values without one.
	Kind Kind
	// Note is for values without one: where the list is from.
	Note string
	// Expires is for values without one; zero is never. Address lists go stale within months.
	Expires time.Time
	// AllowPrivate takes addresses that are never on the public Internet: a public list that holds them (VoIPBL does) would
	// block one's own telephones.
	AllowPrivate bool
	// AllowWide takes what holds a large part of the world: IPv4 prefixes shorter than /8, IPv6 shorter than /19, number prefixes of fewer
	// than three digits, whole top-level domains.
	AllowWide bool
}

// Imported says what came of an import.
type Imported struct {
	// Entries is how many values were taken.
	Entries int `json:"entries"`
	// Refused are the values that were left out, the first 100 of them.
	Refused []Refusal `json:"refused,omitempty"`
	// RefusedCount is how many were left out in all.
	RefusedCount int `json:"refused_count"`
}

// Refusal says why a value was left out.
type Refusal struct {
	Line   int    `json:"line"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

const (
	maxRefusals    = 100
	minWidthIPv4   = 8
	minWidthIPv6   = 19
	minWidthDigits = 3
	maxImportLine  = 4096
)

// Import reads values into a list. A line that cannot be understood is an error that names it, and nothing is imported. Values
// that are understood but unfit for a list from elsewhere are left out and reported.
func (l *Lists) Import(ctx context.Context, list string, r io.Reader, o ImportOptions) (Imported, error) {
	br := bufio.NewReader(r)
	if o.Format == Auto {
		head, _ := br.Peek(len(csvHeader))
		o.Format = Lines
		if first, _, _ := strings.Cut(string(head), "\n"); strings.HasPrefix(first, "value,") {
			o.Format = CSV
		}
	}
	in := importer{lists: l, list: list, options: o}
	read := in.readLines
	if o.Format == CSV {
		read = in.readCSV
	}
	if err := read(br); err != nil {
		return Imported{}, err
	}
	if err := l.add(ctx, in.items); err != nil {
		return Imported{}, err
	}
	in.result.Entries = len(in.items)
	return in.result, nil
}

type importer struct {
	lists   *Lists
	list    string
	options ImportOptions
	items   []*item
	result  Imported
}

func (in *importer) readLines(r *bufio.Reader) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, maxImportLine), maxImportLine)
	line := 0
	for scanner.Scan() {
		line++
		value, comment, _ := strings.Cut(scanner.Text(), "#")
		if value = strings.TrimSpace(strings.TrimPrefix(value, "\ufeff")); value == "" {
			continue
		}
		if err := in.take(line, Entry{Value: value, Kind: in.options.Kind, Note: strings.TrimSpace(comment)}); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("lists: import: line %d: %w", line+1, err)
	}
	return nil
}

func (in *importer) readCSV(r *bufio.Reader) error {
	reader := csv.NewReader(r)
	reader.Comment = '#'
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	if _, err := reader.Read(); err != nil {
		return fmt.Errorf("lists: import: the header %s: %w", csvHeader, err)
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lists: import: %w", err)
		}
		line, _ := reader.FieldPos(0)
		e, err := in.record(record)
		if err != nil {
			return fmt.Errorf("lists: import: line %d: %w", line, err)
		}
		if err := in.take(line, e); err != nil {
			return err
		}
	}
}

func (in *importer) record(fields []string) (Entry, error) {
	e := Entry{Kind: in.options.Kind}
	if len(fields) > 4 {
		return e, fmt.Errorf("%d fields, not %s", len(fields), csvHeader)
	}
	fields = append(fields, "", "", "", "")
	e.Value, e.Note = fields[0], strings.TrimSpace(fields[2])
	if kind := strings.TrimSpace(fields[1]); kind != "" {
		if err := e.Kind.UnmarshalText([]byte(kind)); err != nil {
			return e, err
		}
	}
	if expires := strings.TrimSpace(fields[3]); expires != "" {
		t, err := parseTime(expires)
		if err != nil {
			return e, fmt.Errorf("expires %q is neither 2006-01-02 nor 2006-01-02T15:04:05Z", expires)
		}
		e.Expires = t
	}
	return e, nil
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(time.DateOnly, s)
}

// take checks one entry of the file and puts it with the others.
func (in *importer) take(line int, e Entry) error {
	e.List = in.list
	if e.Note == "" {
		e.Note = in.options.Note
	}
	if e.Expires.IsZero() {
		e.Expires = in.options.Expires
	}
	it, err := in.lists.item(e)
	if err != nil {
		return fmt.Errorf("lists: import: line %d: %w", line, err)
	}
	reason := in.unfit(it)
	if reason == "" {
		in.items = append(in.items, it)
		return nil
	}
	in.result.RefusedCount++
	if len(in.result.Refused) < maxRefusals {
		in.result.Refused = append(in.result.Refused, Refusal{Line: line, Value: it.entry.Value, Reason: reason})
	}
	return nil
}

// unfit says why a value from elsewhere is refused, or "".
func (in *importer) unfit(it *item) string {
	switch it.is {
	case Source:
		p := sourcePrefix(it.entry.Value)
		if reason := tooWide(p); reason != "" && !in.options.AllowWide {
			return reason
		}
		if special := overlaps(p); special != "" && !in.options.AllowPrivate {
			return "holds addresses that are not on the public Internet (" + special + ")"
		}
	case NumberPrefix:
		if len(strings.TrimPrefix(it.key(), "+")) < minWidthDigits && !in.options.AllowWide {
			return "a number prefix of fewer than three digits is a whole country or more"
		}
	case Subdomains:
		if !strings.Contains(it.key(), ".") && !in.options.AllowWide {
			return "a whole top-level domain"
		}
	}
	return ""
}

func tooWide(p netip.Prefix) string {
	if p.Addr().Is4() && p.Bits() < minWidthIPv4 {
		return "an IPv4 prefix shorter than /8"
	}
	if p.Addr().Is6() && p.Bits() < minWidthIPv6 {
		return "an IPv6 prefix shorter than /19"
	}
	return ""
}

// overlaps names the special-purpose block that a prefix touches, or "". RFC 6890 and the IANA special-purpose registries.
// Documentation prefixes (RFC 5737, 3849) are not among them: they harm no one.
func overlaps(p netip.Prefix) string {
	for _, block := range [...]string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
		"224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
	} {
		if netip.MustParsePrefix(block).Overlaps(p) {
			return block
		}
	}
	return ""
}
