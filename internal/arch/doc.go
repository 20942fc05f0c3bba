// Package arch holds the tests that keep docs/architecture.md true: who may
// import whom, where the world is touched, how large a file or function may
// grow, what every package, check and exported name must have. It reads the
// tree with go/parser and takes a second or two.
//
// It also writes docs/rfc.md and docs/checks.md from the sources:
//
//	go test ./internal/arch -update
//
// A rule that a place may break for a reason is listed with that reason in
// allowances_test.go; an allowance that nothing needs any more is an error.
package arch
