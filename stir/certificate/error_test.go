package certificate_test

import (
	"errors"
	"fmt"
	"testing"

	"gatehouse.example/stir/certificate"
)

// TestWordsOfValues: logs and API show them, so each has words of its own.
func TestWordsOfValues(t *testing.T) {
	seen := make(map[string]certificate.Reason)
	for r := certificate.NoReason; r <= certificate.BadCRL; r++ {
		if other, twice := seen[r.String()]; twice || r.String() == "" {
			t.Errorf("reasons %d and %d are both %q", r, other, r)
		}
		seen[r.String()] = r
	}
	for want, got := range map[string]fmt.Stringer{
		"no reason": certificate.BadCRL + 1, "none": certificate.CoversNone, "provider": certificate.CoversProvider,
		"domain": certificate.CoversDomain, "uri": certificate.CoversURI, "range": certificate.CoversRange,
		"number": certificate.CoversNumber, "unknown": certificate.RevocationIsUnknown, "good": certificate.RevocationGood,
		"revoked": certificate.RevocationRevoked,
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestReasonOfAWrappedError(t *testing.T) {
	_, err := certificate.ParseChain(nil)
	if got := certificate.ReasonOf(fmt.Errorf("fetch: %w", err)); got != certificate.Malformed {
		t.Fatalf("reason %v", got)
	}
	if got := certificate.ReasonOf(errors.New("other")); got != certificate.NoReason {
		t.Fatalf("reason %v", got)
	}
	if got, want := (&certificate.Error{Reason: certificate.Expired}).Error(), "certificate: expired"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}
