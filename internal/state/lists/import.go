package lists

import (
	"bufio"
	"context"
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
	// CSV has a heading that names its columns: value (or phone, number, address, domain …), kind, note, expires. RFC 4180, and what spreadsheets make of it:
	// semicolons or tabs between the fields, other columns beside.
	CSV
	// VCard holds address books: the telephone numbers and SIP addresses in them, with the names as notes. RFC 6350.
	VCard
	// Buddies holds resource lists, as buddy lists are exported. RFC 4826.
	Buddies
)

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
	// than three digits or of a whole country, whole top-level domains.
	AllowWide bool
	// AllowOwn takes what is protected ([Config.Protected]): traps stand in one's own domain.
	AllowOwn bool
	// Lenient leaves out and reports what cannot be understood as well, instead of refusing the whole file for it.
	Lenient bool
	// MaxRefused is which share of the values may be left out before the whole file is refused, 0.2 for a fifth; 0: any.
	MaxRefused float64
	// Progress is called now and then with how many values have been read; nil is silence.
	Progress func(values int)
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
	maxRefusals     = 100
	minWidthIPv4    = 8
	minWidthIPv6    = 19
	minWidthDigits  = 3
	maxImportLine   = 4096
	maxImportValues = 10_000_000 // what would take gigabytes as a list is a register
	progressEvery   = 10_000
)

// Errors of Import, for files that as a whole are refused.
var (
	// ErrTooLarge is wrapped where a file holds more values than a list can.
	ErrTooLarge = errors.New("lists: import: more than 10 million values; import numbers as a register (gatehouse list register)")
	// ErrRefused is wrapped where too much of a file was unfit.
	ErrRefused = errors.New("lists: import: refused, and the list left as it was")
)

// Import reads values into a list. A line that cannot be understood is an error that names it, and nothing is imported. Values
// that are understood but unfit for a list from elsewhere are left out and reported.
func (l *Lists) Import(ctx context.Context, list string, r io.Reader, o ImportOptions) (Imported, error) {
	br := utf8Text(r)
	if o.Format == Auto {
		o.Format = detect(br)
	}
	in := importer{lists: l, list: list, options: o}
	read := in.readLines
	switch o.Format {
	case CSV:
		read = in.readCSV
	case VCard:
		read = in.readVCard
	case Buddies:
		read = in.readBuddies
	}
	err := read(br)
	if err == nil {
		err = in.judge()
	}
	if err != nil {
		return Imported{Refused: in.result.Refused, RefusedCount: in.result.RefusedCount}, err
	}
	if err := l.add(ctx, in.items); err != nil {
		return Imported{}, err
	}
	in.result.Entries = len(in.items)
	return in.result, nil
}

// detect sees the format from how a file begins.
func detect(br *bufio.Reader) Format {
	head, _ := br.Peek(len("BEGIN:VCARD"))
	switch start := strings.ToUpper(string(head)); {
	case start == "BEGIN:VCARD":
		return VCard
	case strings.HasPrefix(start, "<?XML"), strings.HasPrefix(start, "<RESOURCE-"):
		return Buddies
	}
	if _, ok := sheetOf(br); ok {
		return CSV
	}
	return Lines
}

// judge refuses a file of which too much is unfit: half a list is not the list.
func (in *importer) judge() error {
	all := in.result.RefusedCount + len(in.items)
	if most := in.options.MaxRefused; most > 0 && float64(in.result.RefusedCount) > most*float64(all) {
		r := in.result.Refused[0]
		return fmt.Errorf("%w: %d of its %d values are unfit, the first in line %d: %s", ErrRefused, in.result.RefusedCount, all, r.Line, r.Reason)
	}
	return nil
}

type importer struct {
	lists   *Lists
	list    string
	options ImportOptions
	items   []*item
	result  Imported
}

func (in *importer) readLines(r *bufio.Reader) error {
	return in.eachLine(r, func(line int, text string) error {
		value, comment, _ := strings.Cut(text, "#")
		if value = strings.TrimSpace(value); value == "" {
			return nil
		}
		return in.take(line, Entry{Value: value, Kind: in.options.Kind, Note: strings.TrimSpace(comment)})
	})
}

// eachLine gives the lines of a file to f. One that is too long is refused and passed over in the memory that there is, however long it is.
func (in *importer) eachLine(r *bufio.Reader, f func(line int, text string) error) error {
	for line := 1; ; line++ {
		text, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			in.refuse(line, string(text[:64])+"…", "the line is longer than 4096 octets")
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
			text = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("lists: import: line %d: %w", line, err)
		}
		if ferr := f(line, strings.TrimRight(string(text), "\r\n")); ferr != nil || err != nil {
			return ferr
		}
	}
}

func (in *importer) readCSV(r *bufio.Reader) error {
	s, ok := sheetOf(r)
	if !ok {
		return errors.New("lists: import: the first line names no column value, phone, number, address or domain")
	}
	reader, err := s.open(r)
	if err != nil {
		return fmt.Errorf("lists: import: the heading: %w", err)
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
		e, err := in.record(&s, record)
		if err != nil {
			return fmt.Errorf("lists: import: line %d: %w", line, err)
		}
		if e.Value == "" && strings.Join(record, "") == "" {
			continue // spreadsheets end with empty rows
		}
		if err := in.take(line, e); err != nil {
			return err
		}
	}
}

func (in *importer) record(s *sheet, fields []string) (Entry, error) {
	e := Entry{Kind: in.options.Kind, Value: field(fields, s.value), Note: field(fields, s.note)}
	if kind := field(fields, s.kind); kind != "" {
		if err := e.Kind.UnmarshalText([]byte(strings.ToLower(kind))); err != nil {
			return e, err
		}
	}
	if expires := field(fields, s.expires); expires != "" {
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

// take checks one entry of the file and puts it with the others. A range becomes the prefixes that it is made of, all or none of them.
func (in *importer) take(line int, e Entry) error {
	e.List = in.list
	if e.Note = readable(e.Note); e.Note == "" {
		e.Note = in.options.Note
	}
	if e.Expires.IsZero() {
		e.Expires = in.options.Expires
	}
	values, err := expandRange(e.Value)
	if err == nil {
		err = in.takeAll(line, e, values)
	}
	if err != nil && in.options.Lenient && (errors.Is(err, ErrValue) || errors.Is(err, ErrRange)) {
		in.refuse(line, e.Value, "it is no value of a list")
		return nil
	}
	if err != nil {
		return fmt.Errorf("lists: import: line %d: %w", line, err)
	}
	return nil
}

func (in *importer) takeAll(line int, e Entry, values []string) error {
	written, before := e.Value, len(in.items)
	reason := ""
	if whole, ok := mostOf(values); ok {
		reason = in.wideNumbers(whole)
	}
	for _, value := range values {
		e.Value = value
		it, err := in.lists.item(e)
		if err != nil {
			return err
		}
		if len(values) == 1 {
			written = it.Entry.Value
		}
		if reason == "" {
			reason = in.unfit(it)
		}
		if reason != "" {
			in.items = in.items[:before]
			in.refuse(line, written, reason)
			return nil
		}
		if len(in.items) == maxImportValues {
			return ErrTooLarge
		}
		in.items = append(in.items, it)
		if in.options.Progress != nil && len(in.items)%progressEvery == 0 {
			in.options.Progress(len(in.items))
		}
	}
	return nil
}

func (in *importer) refuse(line int, value, reason string) {
	in.result.RefusedCount++
	if len(in.result.Refused) < maxRefusals {
		in.result.Refused = append(in.result.Refused, Refusal{Line: line, Value: strings.ToValidUTF8(value, "�"), Reason: reason})
	}
}

// unfit says why a value from elsewhere is refused, or "".
func (in *importer) unfit(it *item) string {
	if protected := in.lists.cfg.Protected; protected != nil && it.Entry.Kind == Block && !in.options.AllowOwn {
		if reason := protected(Value{it.is, it.Entry.Value}); reason != "" {
			return reason
		}
	}
	if reason := it.misplaced(); reason != "" {
		return reason
	}
	switch it.is {
	case Source:
		p := sourcePrefix(it.Entry.Value)
		if reason := tooWide(p); reason != "" && !in.options.AllowWide {
			return reason
		}
		if special := overlaps(p); special != "" && !in.options.AllowPrivate {
			return "holds addresses that are not on the public Internet (" + special + ")"
		}
	case NumberPrefix:
		return in.wideNumbers(it.key())
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

// wideNumbers says why a number prefix holds too many numbers, or "".
func (in *importer) wideNumbers(prefix string) string {
	switch {
	case in.options.AllowWide:
		return ""
	case len(strings.TrimPrefix(prefix, "+")) < minWidthDigits:
		return "a number prefix of fewer than three digits is a whole country or more"
	}
	return in.lists.wide(prefix)
}
