package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

const (
	maxTries       = 4        // addresses of one host
	maxHeaderBytes = 16 << 10 // of an answer
	userAgent      = "Gatehouse"
)

// An answer is what a host sent.
type answer struct {
	body     []byte
	lifetime lifetime
}

// exchange asks for a target once: one connection, one GET of HTTP/1.1, no redirects, no cookies, no proxy, nothing decoded. What is
// under way ends with ctx at the latest; nothing of it is left when exchange returns but what net/http winds up on a closed connection.
func (f *Fetcher) exchange(ctx context.Context, t target, most int) (*answer, *Error) {
	fail := func(r Reason, detail string, err error) (*answer, *Error) {
		return nil, &Error{Reason: r, URL: t.url, Detail: detail, Err: err}
	}
	conn, bad := f.connect(ctx, t)
	if bad != nil {
		return nil, bad
	}
	defer conn.Close()
	// http.Transport would dial in a goroutine that outlives the request; it gets the connection that there is.
	transport := &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives:      true,
		DisableCompression:     true, // else a small answer could grow in our hands
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	defer transport.CloseIdleConnections()
	u, err := url.Parse(t.url)
	if err != nil {
		return fail(BadURL, "", err)
	}
	request := &http.Request{
		Method: http.MethodGet, URL: u, Host: t.hostPort(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Accept":          {"application/pem-certificate-chain, application/pkix-cert, application/pkix-crl, */*;q=0.1"},
			"Accept-Encoding": {"identity"},
			"User-Agent":      {userAgent},
		},
	}
	response, err := transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		if late(ctx, err) {
			return fail(TooSlow, "no answer", nil)
		}
		return fail(BadAnswer, "", err)
	}
	defer response.Body.Close()
	if r, detail := acceptable(response, most); r != 0 {
		return fail(r, detail, nil)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case ctx.Err() != nil || late(ctx, err): // a host that notices that we hang up may still end its answer
		return fail(TooSlow, "the answer does not end", nil)
	case err != nil:
		return fail(BadAnswer, "", err)
	case len(body) > most:
		return fail(TooLarge, "more than "+strconv.Itoa(most)+" octets", nil)
	}
	return &answer{body: body, lifetime: readLifetime(response.Header, f.cfg.Now())}, nil
}

// acceptable judges an answer by its header; zero is good.
func acceptable(r *http.Response, most int) (Reason, string) {
	switch {
	case r.StatusCode >= 300 && r.StatusCode < 400:
		return Redirected, quoted(r.Header.Get("Location"))
	case r.StatusCode != http.StatusOK:
		return BadStatus, strconv.Itoa(r.StatusCode)
	case r.ContentLength > int64(most):
		return TooLarge, strconv.FormatInt(r.ContentLength, 10) + " octets"
	}
	for _, coding := range r.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return BadEncoding, quoted(coding)
		}
	}
	if kind := r.Header.Get("Content-Type"); !certificateType(kind) {
		return BadType, quoted(kind)
	}
	return 0, ""
}

// certificateType says whether a certificate or a CRL may come as this. ATIS-1000074 asks for application/pem-certificate-chain
// (RFC 8555 §9.1), RFC 2585 §4 has application/pkix-cert and pkix-crl; repositories in use send much else, and the parser is strict
// anyway. Pages of text for people are not taken.
func certificateType(s string) bool {
	if s == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(s)
	if err != nil && kind == "" {
		return false
	}
	switch kind {
	case "text/plain", "binary/octet-stream", "application/octet-stream", "application/pem-certificate-chain":
		return true
	case "application/json", "application/xhtml+xml", "application/xml", "application/javascript":
		return false
	}
	return strings.HasPrefix(kind, "application/")
}

// connect makes a TLS connection to a target. The name is resolved once, each address is judged, and the connection goes to the very
// address that was judged: a name that changes its mind meanwhile changes nothing.
func (f *Fetcher) connect(ctx context.Context, t target) (net.Conn, *Error) {
	addrs, bad := f.resolve(ctx, t)
	if bad != nil {
		return nil, bad
	}
	var last *Error
	for i, addr := range addrs {
		conn, err := f.dial(ctx, netip.AddrPortFrom(addr, t.port), len(addrs)-i)
		if err != nil {
			last = &Error{Reason: NoConnection, URL: t.url, Err: err}
			if late(ctx, err) {
				last.Reason = TooSlow
			}
			continue
		}
		secure, err := f.handshake(ctx, conn, t)
		if err == nil {
			return secure, nil
		}
		if late(ctx, err) {
			return nil, &Error{Reason: TooSlow, URL: t.url, Detail: "TLS handshake"}
		}
		return nil, &Error{Reason: BadTLS, URL: t.url, Err: err}
	}
	return nil, last
}

// resolve returns the addresses that may be dialled: at most maxTries, at least one.
func (f *Fetcher) resolve(ctx context.Context, t target) ([]netip.Addr, *Error) {
	found := []netip.Addr{t.addr}
	if !t.addr.IsValid() {
		name := t.host
		if strings.Contains(name, ".") {
			name += "." // or the machine's search domains would be tried
		}
		var err error
		found, err = f.cfg.Resolver.LookupNetIP(ctx, "ip", name)
		if late(ctx, err) {
			return nil, &Error{Reason: TooSlow, URL: t.url, Detail: "DNS"}
		}
		if err != nil || len(found) == 0 {
			return nil, &Error{Reason: NoName, URL: t.url}
		}
	}
	var good []netip.Addr
	var refused error
	for _, a := range found {
		a = a.Unmap()
		if err := permit(a, f.cfg.Allow); err != nil {
			refused = err
		} else if !slices.Contains(good, a) && len(good) < maxTries {
			good = append(good, a)
		}
	}
	if len(good) == 0 {
		return nil, &Error{Reason: BadAddress, URL: t.url, Err: refused}
	}
	return good, nil
}

// dial connects to one address, in its share of the time that is left to so many tries.
func (f *Fetcher) dial(ctx context.Context, to netip.AddrPort, tries int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && tries > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(tries))
		defer cancel()
	}
	return f.cfg.Dial(ctx, "tcp", to.String())
}

// dialer is the default Config.Dial. It asks the guard once more about the address that the kernel is about to connect to.
func dialer(allow []netip.Prefix) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{
		KeepAlive: -1,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return permit(to.Addr(), allow)
		},
	}
	return d.DialContext
}

// handshake wraps a connection in TLS, 1.2 or newer, for the host's name in the web's PKI: it protects the transport and says nothing
// about the certificates that come over it. It closes the connection when it fails.
func (f *Fetcher) handshake(ctx context.Context, conn net.Conn, t target) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	secure := tls.Client(conn, &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: f.cfg.WebRoots, ServerName: t.host, SessionTicketsDisabled: true,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// late says whether an error is the end of our patience rather than the host's doing.
func late(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	var timeout net.Error
	return ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout()
}
