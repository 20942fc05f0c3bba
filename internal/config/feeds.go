package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Feed is a list that is fetched from elsewhere, again and again.
type Feed struct {
	// List is the list that the values go on, or with `register` the register.
	List string `yaml:"list"`
	// URL is where the file is: https. Certificates of identity.fetch.ca count,
	// ports and private networks are those of identity.fetch.
	URL string `yaml:"url"`
	// Every is how often it is fetched, at least 10m. Default: 12h.
	Every Duration `yaml:"every"`
	// Keep is how long a value stays that the feed does not hold any more.
	// Address lists go stale within months. Default: 14d.
	Keep Duration `yaml:"keep"`
	// Kind is block or allow, for values that do not say. Default: block; on the
	// list declared: allow, and nothing else.
	Kind FeedKind `yaml:"kind"`
	// Checksum is the https URL of the file's SHA-256, as sha256sum writes it. A
	// file with another one is refused. Empty: none is asked for.
	Checksum string `yaml:"checksum,omitempty"`
	// Register makes a register of numbers instead of a list, for millions.
	Register bool `yaml:"register,omitempty"`
	// MaxSize is the most that is read. Default: 64MB, for a register 8GB.
	MaxSize Size `yaml:"max_size,omitempty"`
}

// FeedKind is block or allow.
type FeedKind string

// UnmarshalYAML reads block or allow.
func (k *FeedKind) UnmarshalYAML(n ast.Node) error { return oneOf(n, (*string)(k), "block", "allow") }

const shortestFeed = 10 * time.Minute

// declared is the list of callers that are machines which people here want to hear; nothing on it blocks.
const declared = "declared"

// feeds fills the defaults of feeds in.
func (c *Config) completeFeeds() {
	for i := range c.Feeds {
		f := &c.Feeds[i]
		if f.Every == 0 {
			f.Every = Duration(12 * time.Hour)
		}
		if f.Keep == 0 {
			f.Keep = Duration(14 * 24 * time.Hour)
		}
		if f.Kind == "" {
			f.Kind = "block"
			if f.List == declared {
				f.Kind = "allow"
			}
		}
		if f.MaxSize == 0 {
			f.MaxSize = 64 << 20
			if f.Register {
				f.MaxSize = 8 << 30
			}
		}
	}
}

func (v *validation) feeds() {
	for i, f := range v.c.Feeds {
		path := fmt.Sprintf("feeds[%d]", i)
		if !IsListName(f.List) {
			v.problem(path+".list", "%q is no list's name: letters, digits, '.', '_' and '-', at most 64", f.List)
		}
		if f.List == declared && f.Kind != "allow" {
			v.problem(path+".kind", "the list %q holds callers who are let in: allow", f.List)
		}
		if !isHTTPS(f.URL) {
			v.problem(path+".url", "%q is not an https URL; what comes otherwise could be anybody's", f.URL)
		}
		if f.Checksum != "" && !isHTTPS(f.Checksum) {
			v.problem(path+".checksum", "%q is not an https URL", f.Checksum)
		}
		if time.Duration(f.Every) < shortestFeed {
			v.problem(path+".every", "%s is more often than anybody's server likes; use 10m or more", f.Every)
		}
		if time.Duration(f.Keep) < 2*time.Duration(f.Every) {
			v.problem(path+".keep", "%s is over before the feed is fetched again; use at least twice `every`", f.Keep)
		}
	}
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && strings.EqualFold(u.Scheme, "https") && u.Host != "" && u.User == nil
}
