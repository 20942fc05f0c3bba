package config

import (
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// WebSocket is whom ws: and wss: sockets take.
type WebSocket struct {
	// Origins are the web pages whose scripts may connect, besides those that our
	// domains, and what is below them, serve: HOST, SCHEME://HOST or a pattern of
	// them, with the port where it is not the scheme's own: phone.example.org,
	// https://*.example.org:8443. "*" is every page. What is no browser says nothing of an origin
	// and is always taken.
	Origins []string `yaml:"origins"`
}

// WebOrigins are the patterns (path.Match) of the origins that may connect. RFC 6455 §10.2: a browser opens a connection for any page that
// its user looks at, from where he is, maybe inside; so pages that are not meant to are kept out.
func (c *Config) WebOrigins() []string {
	all := append([]string(nil), c.WebSocket.Origins...)
	for i := range c.Domains {
		for _, name := range c.Domains[i].Names() {
			if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil {
				all = append(all, name, name+":*", "*."+name, "*."+name+":*")
			}
		}
	}
	return all
}

func (v *validation) websocket() {
	for i, o := range v.c.WebSocket.Origins {
		at := fmt.Sprintf("websocket.origins[%d]", i)
		host := o
		if _, rest, ok := strings.Cut(o, "://"); ok {
			host = rest
		}
		_, err := path.Match(o, "")
		switch {
		case o == "null":
			v.problem(at, `"null" is the origin of pages that have none; only "*" lets them in`)
		case err != nil || host == "" || strings.ContainsAny(host, "/?#@ ") || strings.ContainsFunc(o, isControl):
			v.problem(at, "%q is not the origin of a page; write it as https://phone.example.test, without a path", o)
		}
	}
}
