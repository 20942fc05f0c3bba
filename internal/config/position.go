package config

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Problem makes an Error at a key of the file, named by its path, as
// "listen[0]" or "domains[1].deliver". Whoever finds later that a value does
// not work (a port in use, a certificate that cannot be read) reports it with
// this. A key that does not stand in the file is placed at its nearest parent.
func (c *Config) Problem(path, message string, cause error) *Error {
	tk := find(c.file.doc, path)
	e := c.file.at(tk, message)
	e.Err = cause
	if e.Line == 0 {
		e.Message = path + ": " + e.Message
	}
	if e.File == "" {
		e.File = "defaults"
	}
	return e
}

// find is the token at a path, or at the deepest part of it that exists.
func find(n ast.Node, path string) *token.Token {
	var best *token.Token
	for _, step := range steps(path) {
		var key *token.Token
		if key, n = child(n, step); n == nil {
			if key != nil {
				best = key
			}
			return best
		}
		best = n.GetToken()
		switch n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
			if key != nil {
				best = key
			}
		}
	}
	return best
}

// steps splits "domains[1].deliver" into domains, 1, deliver.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// child is the value under a key or index, and the key's token.
func child(n ast.Node, step string) (*token.Token, ast.Node) {
	switch v := n.(type) {
	case *ast.MappingNode:
		for _, pair := range v.Values {
			if key, value := child(pair, step); key != nil {
				return key, value
			}
		}
	case *ast.MappingValueNode:
		if tk := v.Key.GetToken(); tk.Value == step {
			return tk, v.Value
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v.Values) {
			return firstToken(v.Values[i]), v.Values[i]
		}
	case *ast.AnchorNode:
		return child(v.Value, step)
	case *ast.TagNode:
		return child(v.Value, step)
	}
	// A single value where a list may stand: deliver: sip:… is deliver[0].
	if step == "0" && n != nil {
		return n.GetToken(), n
	}
	return nil, nil
}

// firstToken is where an entry of a list begins.
func firstToken(n ast.Node) *token.Token {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 {
			return v.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return v.Key.GetToken()
	}
	return n.GetToken()
}
