// Package stirtest makes certificates, CRLs and tokens for tests of what uses packages certificate, passport and stir.
//
// Keys are generated each time and live in memory only. Functions panic where a test is written wrongly, so that they
// can be used in examples and benchmarks too. Times default to the hour before and the day after time.Now, which follows
// testing/synctest.
//
//	root := stirtest.NewRoot()
//	leaf := root.Leaf(stirtest.SPC("1234"), stirtest.Number("12155551000"))
//	token := leaf.Shaken("https://cert.example.org/leaf.pem", "12155551000", "12155552000", "A", time.Now())
//	path, err := root.Roots().Path(leaf.Chain())
package stirtest
