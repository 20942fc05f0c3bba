package certificate_test

import (
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// TestPathAt: every link is valid now and was when the token was issued. RFC 5280 §4.1.2.5, RFC 8224 §6.2 step 4.
func TestPathAt(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC) }
	wide := stirtest.Validity(at(1), at(30))
	for _, c := range []struct {
		name           string
		root, ca, leaf stirtest.Option
		now, iat       time.Time
		want           certificate.Reason
	}{
		{"all valid", wide, wide, wide, at(5), at(5), certificate.NoReason},
		{"on the first second", wide, wide, wide, at(1), at(1), certificate.NoReason},
		{"on the last second", wide, wide, wide, at(30), at(30), certificate.NoReason},
		{"a second early", wide, wide, wide, at(1).Add(-time.Second), at(1), certificate.NotYetValid},
		{"a second late", wide, wide, wide, at(30).Add(time.Second), at(30), certificate.Expired},
		{"leaf expired", wide, wide, stirtest.Validity(at(1), at(4)), at(5), at(5), certificate.Expired},
		{"leaf not yet valid", wide, wide, stirtest.Validity(at(6), at(9)), at(5), at(5), certificate.NotYetValid},
		{"leaf expired since iat", wide, wide, stirtest.Validity(at(1), at(4)), at(5), at(4), certificate.Expired},
		{"leaf not valid yet at iat", wide, wide, stirtest.Validity(at(5), at(9)), at(6), at(4), certificate.NotYetValid},
		{"iat after the leaf's end", wide, wide, stirtest.Validity(at(1), at(5)), at(5), at(6), certificate.Expired},
		{"intermediate expired", wide, stirtest.Validity(at(1), at(4)), wide, at(5), at(5), certificate.Expired},
		{"intermediate not yet valid", wide, stirtest.Validity(at(6), at(9)), wide, at(5), at(5), certificate.NotYetValid},
		{"root expired", stirtest.Validity(at(1), at(4)), wide, wide, at(5), at(5), certificate.Expired},
		{"never all at once", wide, stirtest.Validity(at(1), at(4)), stirtest.Validity(at(6), at(9)), at(4), at(5), certificate.NotYetValid},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := stirtest.NewRoot(c.root).CA(c.ca).Leaf(spc, c.leaf).Path()
			wantReason(t, path.At(c.now, c.iat), c.want)
		})
	}
}

func TestValidityIsThatOfAllLinks(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }
	ca := stirtest.NewRoot(stirtest.Validity(at(1), at(20))).CA(stirtest.Validity(at(3), at(30)))
	path := ca.Leaf(stirtest.Validity(at(2), at(25))).Path()
	from, to := path.Validity()
	if !from.Equal(at(3)) || !to.Equal(at(20)) {
		t.Fatalf("valid from %v to %v", from, to)
	}
}
