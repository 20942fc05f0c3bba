package stir

import (
	"context"
	"errors"
	"time"

	"gatehouse.example/stir/certificate"
)

// ErrUnreachable is what errors of a Source wrap when the certificate could not be had: refused address, no connection, no
// answer in time, no certificates in it. RFC 8224 §6.2.2: 436.
var ErrUnreachable = errors.New("stir: certificate unreachable")

// Source finds the certificate that an info parameter points to and builds its path to the trusted roots. It is called by
// many goroutines at once and is expected to cache paths, and failures too. Its guards decide which URLs are followed.
//
// An error of type *certificate.Error means that there is a certificate but not an acceptable one (437); any other means
// that there is none (436).
type Source interface {
	Path(ctx context.Context, info string) (*certificate.Path, error)
}

// Revoker says whether a certificate of a path is revoked, from CRLs that it has or fetches. It is asked for each
// verification and is expected to answer from memory.
type Revoker interface {
	Revocation(ctx context.Context, p *certificate.Path, now time.Time) certificate.Revocation
}
