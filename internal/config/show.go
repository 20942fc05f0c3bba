package config

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Show writes the configuration with every default filled in, as YAML that
// Parse reads back to the same values.
func (c *Config) Show() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b, yaml.Indent(2), yaml.IndentSequence(true), yaml.AutoInt())
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("config: cannot be shown: %w", err)
	}
	return b.Bytes(), nil
}

// JSON is the same as Show, as JSON.
func (c *Config) JSON() ([]byte, error) {
	text, err := c.Show()
	if err != nil {
		return nil, err
	}
	out, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("config: cannot be shown as JSON: %w", err)
	}
	return out, nil
}
