package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

// TestAnswerTimesTellNoUsers compares how long answers take for users who exist
// and for those who do not. No absolute time matters: the requests take turns,
// and what is compared is how often one kind is the quicker of a pair drawn by
// chance (the statistic of Mann and Whitney). Without a difference that is one
// half; a difference of a tenth of the scatter already shows.
func TestAnswerTimesTellNoUsers(t *testing.T) {
	s := newSite(t, hosting+"limits: {failures: {unknown_user: 1000000/s, auth: 1000000/s, scan: 1000000/s, account: 1000000/s, network: 1000000/s}, flood: {v4_host: 100000/s burst 100000, v4_net24: 100000/s burst 100000}}\n"+
		"checks: {rate: {enabled: false}, harvest: {enabled: false}}\n")
	for i := range 20 {
		s.AddUser(t, fmt.Sprintf("user%02d@example.test", i), "secret-x")
	}
	e := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server())
	for name, ask := range map[string]func(user string) string{
		"REGISTER": func(user string) string {
			uri := "<sip:" + user + "@example.test>"
			return e.Request("REGISTER", "sip:example.test", "From: "+uri+";tag=1", "To: "+uri)
		},
		"a wrong password": func(user string) string { return guess(user)(e, 0) },
		"MESSAGE":          func(user string) string { return e.Request("MESSAGE", "sip:"+user+"@example.test") },
	} {
		t.Run(name, func(t *testing.T) {
			const pairs, tries = 600, 3
			var got float64
			for range tries { // a busy machine may make one of them wrong
				got = quicker(t, e, ask, pairs)
				// Four standard deviations of 600 pairs are 0.067.
				if got > 0.43 && got < 0.57 {
					return
				}
			}
			t.Errorf("users who exist are answered sooner in %.3f of the comparisons", got)
		})
	}
}

// quicker is the share of comparisons in which a user who exists is answered
// sooner than one who does not.
func quicker(t *testing.T, e *harness.Endpoint, ask func(user string) string, pairs int) float64 {
	t.Helper()
	var times [2][]time.Duration
	for i := range 2 * pairs {
		kind := (i ^ i>>1) & 1 // 0, 1, 1, 0: none is always after the other
		request := ask(fmt.Sprintf("%s%02d", []string{"user", "nobo"}[kind], i/2%20))
		start := time.Now()
		e.Send(request)
		e.ExpectFinal(t, request)
		times[kind] = append(times[kind], time.Since(start))
	}
	slices.Sort(times[1])
	sooner := 0
	for _, d := range times[0] {
		n, _ := slices.BinarySearch(times[1], d)
		sooner += len(times[1]) - n
	}
	return float64(sooner) / float64(pairs*pairs)
}
