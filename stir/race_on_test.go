//go:build race

package stir_test

const raceEnabled = true
