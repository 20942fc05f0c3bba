// Package graphs measures what the web of trust and the reputation votes are worth on graphs of real people: `make effect-graphs` writes
// docs/effect/graphs.md. It reads shared/testdata/effect/graphs; where that is not there it makes graphs of its own, and the page says so.
package graphs
