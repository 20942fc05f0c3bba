package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Error is one thing that is wrong in the configuration.
type Error struct {
	// File is the path of the file, or "defaults" when there is none.
	File string `json:"file"`
	// Line and Column count from 1; 0 when the key does not stand in the file.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Message says what is wrong and how to mend it, in one line.
	Message string `json:"message"`
	// Excerpt shows the line in its surroundings, with a marker under it.
	Excerpt string `json:"excerpt,omitempty"`
	// Err is the cause, if it has one of its own.
	Err error `json:"-"`
}

// Error is one line: file:line:column: message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// source is the file that a Config was read from.
type source struct {
	name string
	text []byte
	doc  ast.Node
}

// at makes an Error at a token of the file.
func (s *source) at(tk *token.Token, message string) *Error {
	e := &Error{File: s.name, Message: oneLine(message)}
	if tk != nil && tk.Position != nil {
		e.Line, e.Column = tk.Position.Line, tk.Position.Column
		e.Excerpt = s.excerpt(e.Line, e.Column)
	}
	return e
}

// excerpt is two lines before, the line, and a marker under the column.
func (s *source) excerpt(line, column int) string {
	lines := strings.Split(string(s.text), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(1, line-2); n <= line; n++ {
		fmt.Fprintf(&b, "%5d | %s\n", n, printable(lines[n-1]))
	}
	fmt.Fprintf(&b, "      | %s^\n", strings.Repeat(" ", max(0, column-1)))
	return b.String()
}

// decodeError puts an error of the YAML library into our form.
func (s *source) decodeError(err error) error {
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		return s.at(unknown.Token, unknownKey(unknown.Token.Value))
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) {
		return s.at(wrong.Token, fmt.Sprintf("%q is not %s", wrong.Token.Value, wanted(wrong.DstType.Kind().String())))
	}
	var node *yaml.UnexpectedNodeTypeError
	if errors.As(err, &node) {
		return s.at(node.Token, fmt.Sprintf("%s stands where %s is expected", nodeWord(node.Actual), nodeWord(node.Expected)))
	}
	var located yaml.Error
	if errors.As(err, &located) {
		return s.at(located.GetToken(), located.GetMessage())
	}
	return &Error{File: s.name, Message: oneLine(err.Error()), Err: err}
}

func wanted(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number; write digits only"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "string":
		return "a text; put it in quotes"
	}
	return "of the kind that belongs here (" + kind + ")"
}

func nodeWord(t ast.NodeType) string {
	switch t {
	case ast.SequenceType:
		return "a list"
	case ast.MappingType, ast.MappingValueType:
		return "a mapping (key: value)"
	}
	return "a single value"
}

// unknownKey names the nearest known key, if one is near.
func unknownKey(key string) string {
	best, distance := "", 3
	for _, known := range knownKeys() {
		if known == key {
			return fmt.Sprintf("key %q does not belong here (`gatehouse config show` prints every key in its place)", key)
		}
		if d := editDistance(key, known); d < distance {
			best, distance = known, d
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown key %q; did you mean %q?", key, best)
	}
	return fmt.Sprintf("unknown key %q; remove it (`gatehouse config show` prints every key)", key)
}

// editDistance is Levenshtein's, over bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// oneLine keeps an error on one line of a terminal.
func oneLine(s string) string { return printable(strings.Join(strings.Fields(s), " ")) }

// printable shows control characters instead of sending them to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return '·'
		}
		return r
	}, s)
}
