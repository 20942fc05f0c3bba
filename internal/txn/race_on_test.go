//go:build race

package txn

// answeredCalls is smaller here because the race detector costs twenty times.
const answeredCalls = 10_000
