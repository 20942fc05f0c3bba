//go:build race

package guard

// spoofedSources is smaller here because the race detector costs twenty times.
const spoofedSources = 1_000_000
