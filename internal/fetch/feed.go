package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// FeedRequest asks for a file that the operator has chosen: a list that somebody publishes. It is got through the same guard as what strangers name
// (https, a name, ports, addresses, no redirect), but counts against nobody's budget, may be large, and is not kept.
type FeedRequest struct {
	// URL is where it is.
	URL string
	// ETag and Modified are those of the answer that is here already; empty asks without condition. RFC 9110 §13.1.
	ETag, Modified string
	// Most is how many octets the file may have.
	Most int64
}

// FeedAnswer is what came. Its Body has to be closed.
type FeedAnswer struct {
	// Unchanged tells that the file is as it was; then Body is empty.
	Unchanged bool
	// ETag and Modified are for the next request.
	ETag, Modified string
	// Size is how many octets the file has, -1 where the host does not say.
	Size int64
	// Body is the file. It fails where there is more than was asked for, or it ends too soon.
	Body io.ReadCloser
}

// ErrTooMuch is wrapped where a file is larger than was asked for.
var ErrTooMuch = errors.New("fetch: the file is larger than it may be")

// Feed gets a file. It lives as long as ctx.
func (f *Fetcher) Feed(ctx context.Context, r FeedRequest) (*FeedAnswer, error) {
	t, err := f.check(r.URL)
	if err != nil {
		return nil, err
	}
	conn, bad := f.connect(ctx, t)
	if bad != nil {
		return nil, bad
	}
	answer, err := f.feed(ctx, conn, t, r)
	if err != nil {
		if cerr := conn.Close(); cerr != nil && !errors.Is(cerr, net.ErrClosed) {
			err = errors.Join(err, cerr)
		}
		return nil, err
	}
	return answer, nil
}

func (f *Fetcher) feed(ctx context.Context, conn net.Conn, t target, r FeedRequest) (*FeedAnswer, error) {
	u, err := url.Parse(t.url)
	if err != nil {
		return nil, &Error{Reason: BadURL, URL: t.url, Err: err}
	}
	transport := &http.Transport{
		DialTLSContext:    func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes,
	}
	request := &http.Request{
		Method: http.MethodGet, URL: u, Host: t.hostPort(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Accept": {"text/plain, text/csv, text/vcard, */*;q=0.1"}, "Accept-Encoding": {"identity"}, "User-Agent": {userAgent}},
	}
	if r.ETag != "" {
		request.Header.Set("If-None-Match", r.ETag)
	}
	if r.Modified != "" {
		request.Header.Set("If-Modified-Since", r.Modified)
	}
	response, err := transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, &Error{Reason: BadAnswer, URL: t.url, Err: err}
	}
	h := response.Header
	answer := &FeedAnswer{ETag: h.Get("ETag"), Modified: h.Get("Last-Modified"), Size: response.ContentLength}
	answer.Body = &feedBody{body: response.Body, conn: conn, left: r.Most, size: response.ContentLength}
	switch {
	case response.StatusCode == http.StatusNotModified && (r.ETag != "" || r.Modified != ""):
		answer.Unchanged = true
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, errors.Join(&Error{Reason: Redirected, URL: t.url, Detail: quoted(h.Get("Location"))}, response.Body.Close())
	case response.StatusCode != http.StatusOK:
		return nil, errors.Join(&Error{Reason: BadStatus, URL: t.url, Detail: strconv.Itoa(response.StatusCode)}, response.Body.Close())
	case h.Get("Content-Encoding") != "" && h.Get("Content-Encoding") != "identity":
		return nil, errors.Join(&Error{Reason: BadEncoding, URL: t.url, Detail: quoted(h.Get("Content-Encoding"))}, response.Body.Close())
	case response.ContentLength > r.Most:
		return nil, errors.Join(fmt.Errorf("%w: %d octets", ErrTooMuch, response.ContentLength), response.Body.Close())
	}
	return answer, nil
}

// feedIdle is how long a host may be silent within a file.
const feedIdle = 30 * time.Second

// feedBody counts what is read.
type feedBody struct {
	body io.ReadCloser
	conn net.Conn
	left int64
	size int64
	got  int64
}

// Read implements io.Reader.
func (b *feedBody) Read(p []byte) (int, error) {
	// The transport closes the connection as soon as it has all of the body, perhaps before that is read to its end here.
	if err := b.conn.SetReadDeadline(time.Now().Add(feedIdle)); err != nil && !errors.Is(err, net.ErrClosed) {
		return 0, fmt.Errorf("fetch: feed: %w", err)
	}
	n, err := b.body.Read(p)
	b.got += int64(n)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooMuch
	}
	if errors.Is(err, io.EOF) && b.size >= 0 && b.got != b.size {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (b *feedBody) Close() error {
	err := b.body.Close()
	if cerr := b.conn.Close(); err == nil && !errors.Is(cerr, net.ErrClosed) {
		err = cerr
	}
	if err != nil && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
