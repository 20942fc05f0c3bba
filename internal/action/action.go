// Package action holds the effects that a verdict can have on a request: one
// file per effect. Relaying itself is package proxy's work, and dropping is
// doing nothing; what remains is what a request is stripped of before it is let
// through (strip.go), how a suspicious one is labelled (label.go), and how a
// rejected one is answered (reject.go).
//
// The functions note byte splices in a sip.Edit or append to buffers. They keep
// no state, do no I/O, and what they do not touch leaves as it came.
package action
