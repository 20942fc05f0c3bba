//go:build race

package proxy

// raceDetector: under it, pools drop at random what they are given.
const raceDetector = true
