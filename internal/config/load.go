package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds the file before the YAML library sees it.
const maxFile = 4 << 20

// SearchPath is where Load looks when it is given no path.
func SearchPath() []string { return []string{"./gatehouse.yaml", "/etc/gatehouse/gatehouse.yaml"} }

// Find is the file that Load reads: path itself, or else the first of
// SearchPath that exists, or "" when the defaults are to be used.
func Find(path string) string {
	if path != "" {
		return path
	}
	for _, p := range SearchPath() {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p
		}
	}
	return ""
}

// Load reads and validates the configuration: path, else the first file of
// SearchPath, else the defaults. What is wrong comes back as *Error.
func Load(path string) (*Config, error) {
	name := Find(path)
	if name == "" {
		c := Default()
		c.file.name = "defaults"
		return c, c.Validate()
	}
	text, err := os.ReadFile(name)
	if err != nil {
		var pe *fs.PathError
		errors.As(err, &pe)
		return nil, &Error{File: name, Message: fmt.Sprintf("cannot read it: %v; check the path and its permissions", pe.Err), Err: err}
	}
	return Parse(name, text)
}

// byteOrderMark is what some editors put before the text of a file (YAML 1.2.2 §5.2).
const byteOrderMark = "\ufeff"

// Parse reads and validates a file's text; name is for the errors.
func Parse(name string, text []byte) (*Config, error) {
	c := Default()
	c.file = source{name: name, text: bytes.TrimPrefix(text, []byte(byteOrderMark))}
	if err := c.file.parse(); err != nil {
		return nil, err
	}
	if c.file.doc != nil {
		if err := decode(&c.file, c); err != nil {
			return nil, err
		}
	}
	c.complete()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Path is the file that the configuration came from; "" for the defaults.
func (c *Config) Path() string {
	if c.file.text == nil {
		return ""
	}
	return c.file.name
}

func (s *source) parse() (err error) {
	if len(s.text) > maxFile {
		return &Error{File: s.name, Message: "larger than 4 MB; this is not a configuration"}
	}
	defer s.recovered(&err)
	file, err := parser.ParseBytes(s.text, 0)
	if err != nil {
		return s.decodeError(err)
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d == nil || isEmpty(d.Body) })
	if len(docs) > 1 {
		return s.at(docs[1].Body.GetToken(), "a second document begins here; keep everything in the first and remove the --- line")
	}
	if len(docs) == 1 {
		s.doc = docs[0].Body
	}
	return nil
}

// isEmpty is true of a document of comments only.
func isEmpty(n ast.Node) bool {
	if n == nil || reflect.ValueOf(n).IsNil() {
		return true
	}
	return n.Type() == ast.CommentType || n.Type() == ast.NullType
}

func decode(s *source, c *Config) (err error) {
	defer s.recovered(&err)
	d := yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict())
	if err := d.DecodeFromNode(s.doc, c); err != nil {
		return s.decodeError(err)
	}
	return nil
}

// recovered turns a panic of the YAML library on odd input into an error: a
// reload with a broken file must not end a running server.
func (s *source) recovered(err *error) {
	if r := recover(); r != nil {
		*err = &Error{File: s.name, Message: "is not readable as YAML; check its last change"}
	}
}

// complete adds what a file cannot take away.
func (c *Config) complete() {
	c.completeFeeds()
	c.Numbers.complete()
	for _, e := range alwaysExempt() {
		if !slices.Contains(c.Exempt, e) {
			c.Exempt = append(c.Exempt, e)
		}
	}
	for i := range c.Domains {
		c.Domains[i].Name = strings.ToLower(strings.TrimSuffix(c.Domains[i].Name, "."))
		for j, a := range c.Domains[i].Aliases {
			c.Domains[i].Aliases[j] = strings.ToLower(strings.TrimSuffix(a, "."))
		}
	}
}

// knownKeys are the keys of every level, for suggestions.
func knownKeys() []string {
	var keys []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if name == "" {
				continue
			}
			keys = append(keys, name)
			walk(t.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[Config]())
	return keys
}
