package certificate_test

import (
	"fmt"
	"math/big"
	"strconv"
	"sync"
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

// call is what is asked of a cached path for each call.
type call struct {
	path  *certificate.Path
	token *passport.Token
	id    passport.Identity
	now   time.Time
}

func (c *call) ask() (certificate.Coverage, error) {
	if err := c.path.At(c.now, c.now); err != nil {
		return certificate.CoversNone, err
	}
	return c.path.Covers(c.id), c.path.Permits(c.token)
}

func newCall(t testing.TB, id passport.Identity, opts ...stirtest.Option) *call {
	t.Helper()
	leaf := stirtest.NewRoot().CA().Leaf(opts...)
	full := leaf.Shaken("https://cert.example.org/a.pem", "12155551000", "12155552000", "A", time.Now())
	token, err := passport.Parse([]byte(full))
	return &call{path: leaf.Path(), token: must(t, token, err), id: id, now: time.Now()}
}

// manyNumbers is a list of a thousand numbers and five hundred ranges.
func manyNumbers() (opts []stirtest.Option) {
	for i := range 1000 {
		opts = append(opts, stirtest.Number(strconv.Itoa(12155550000+i*7)))
	}
	for i := range 500 {
		opts = append(opts, stirtest.Range(strconv.Itoa(13000000000+i*1000), 500))
	}
	return opts
}

type callCase struct {
	name string
	call *call
	want certificate.Coverage
}

func callCases(t testing.TB) []callCase {
	tn := passport.Identity{TN: "12155551001"}
	attest := stirtest.Constraints(certificate.Constraints{
		MustInclude: []string{"attest"}, Permitted: map[string][]string{"attest": {"B", "A"}},
	})
	return []callCase{
		{"provider", newCall(t, tn, spc), certificate.CoversProvider},
		{"number-of-1000", newCall(t, tn, manyNumbers()...), certificate.CoversNumber},
		{"range-of-500", newCall(t, passport.Identity{TN: "13000250250"}, manyNumbers()...), certificate.CoversRange},
		{"domain", newCall(t, passport.Identity{URI: "sip:alice@example.org"}, stirtest.DNS("example.org")), certificate.CoversDomain},
		{"constraints", newCall(t, tn, spc, attest), certificate.CoversProvider},
	}
}

// TestCachedPathAllocatesNothing: what is asked of a path for each call.
func TestCachedPathAllocatesNothing(t *testing.T) {
	for _, c := range callCases(t) {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.call.ask(); got != c.want || err != nil {
				t.Fatalf("covers by %v, %v; want %v", got, err, c.want)
			}
			if n := testing.AllocsPerRun(100, func() { _, _ = c.call.ask() }); n != 0 {
				t.Fatalf("%v allocations", n)
			}
		})
	}
}

// BenchmarkCachedPath: At, Covers and Permits. The bound is 1 µs and no allocation.
func BenchmarkCachedPath(b *testing.B) {
	for _, c := range callCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got, err := c.call.ask(); got != c.want || err != nil {
					b.Fatal(got, err)
				}
			}
		})
	}
}

// BenchmarkBuildPath is what a cache saves: parsing a chain of two and building its path.
func BenchmarkBuildPath(b *testing.B) {
	leaf := stirtest.NewRoot().CA().Leaf(spc)
	data, roots := leaf.ChainPEM(), leaf.Roots()
	b.ReportAllocs()
	for b.Loop() {
		chain, err := certificate.ParseChain(data)
		if err == nil {
			_, err = roots.Path(chain)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRevoked asks a CRL of ten thousand entries whose signature is known.
func BenchmarkRevoked(b *testing.B) {
	root := stirtest.NewRoot()
	leaf := root.Leaf(spc)
	var revoked []*stirtest.Cert
	one := root.Leaf()
	for i := range 10000 {
		copied, inner := *one, *one.Certificate
		inner.SerialNumber = big.NewInt(int64(i + 1))
		copied.Certificate = &inner
		revoked = append(revoked, &copied)
	}
	crl, err := certificate.ParseCRL(root.CRL(stirtest.Revoke(revoked...)))
	must(b, crl, err)
	path, now := leaf.Path(), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if state, why := path.Revoked(now, crl); state != certificate.RevocationGood {
			b.Fatal(why)
		}
	}
}

// TestPathAndCRLAreSharedByManyCalls is for the race detector.
func TestPathAndCRLAreSharedByManyCalls(t *testing.T) {
	root := stirtest.NewRoot()
	leaf := root.Leaf(spc)
	crl, err := certificate.ParseCRL(root.CRL())
	must(t, crl, err)
	path, roots := leaf.Path(), leaf.Roots()
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			now := time.Now()
			if c := path.Covers(passport.Identity{TN: "1000"}); c != certificate.CoversProvider {
				errs <- fmt.Errorf("covers by %v", c)
			}
			if _, err := path.Revoked(now, crl); err != nil {
				errs <- err
			}
			if _, err := roots.Path(path.Chain()); err != nil {
				errs <- err
			}
			errs <- path.At(now, now)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}
