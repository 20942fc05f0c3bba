// Package text measures content filtering (RFC 5039 §3.1): how much spam is recognised, and at what cost to wanted messages.
//
// `make effect-text` runs the measurements on the shared development data and writes docs/effect/text.md. Without that data, and in an ordinary test
// run, small generated corpora take its place, which only shows that the measurements work.
//
// Everything runs through the engine with the shipped weights and thresholds. Splits are honest: what is predicted was never learned, and the
// check chooses its own thresholds inside what it was taught.
package text
