//go:build !race

package guard

const spoofedSources = 10_000_000
