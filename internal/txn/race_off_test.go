//go:build !race

package txn

const answeredCalls = 100_000
