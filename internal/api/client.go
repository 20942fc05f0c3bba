package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Client talks to a running server.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient is a client of the server whose console has this address.
func NewClient(console netip.AddrPort, token string) *Client {
	if console.Addr().IsUnspecified() {
		loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if console.Addr().Is6() {
			loopback = netip.IPv6Loopback()
		}
		console = netip.AddrPortFrom(loopback, console.Port())
	}
	// A proxy of the environment has no business between us and our server.
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	return &Client{base: "http://" + console.String(), token: token, http: &http.Client{Transport: transport, Timeout: 5 * time.Minute}}
}

// Local is a client of a Server in this process, without any network: the
// command line works on the store in the same way as on a running server.
func Local(s *Server) *Client {
	return &Client{base: "http://local", token: s.cfg.Token, http: &http.Client{Transport: inProcess{s}}}
}

// inProcess hands requests to a handler.
type inProcess struct{ handler http.Handler }

// RoundTrip runs the handler to its end and returns what it wrote.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := &recorder{header: http.Header{}}
	p.handler.ServeHTTP(w, r)
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's header.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader keeps the first status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps the body.
func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// SetReadDeadline has nothing to bound: the body is in memory.
func (w *recorder) SetReadDeadline(time.Time) error { return nil }

// Running reports whether a Gatehouse answers there. The error says that
// something else does.
func (c *Client) Running(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/healthz", nil)
	if err != nil {
		return false, fmt.Errorf("api: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return false, fmt.Errorf("api: something at %s takes connections but does not answer", c.base)
		}
		return false, nil
	}
	defer resp.Body.Close()
	var h Health
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&h); err != nil || h.Name != "gatehouse" {
		return false, fmt.Errorf("api: something else than Gatehouse answers at %s; set `console` to the address of the server", c.base)
	}
	return true, nil
}

// StatusError is an answer that is no success.
type StatusError struct {
	Status int
	Detail string
}

// Error is what the server said.
func (e *StatusError) Error() string { return e.Detail }

// Senseless tells whether the server understood the form of what it was sent, and
// could make no sense of a value (422).
func (e *StatusError) Senseless() bool { return e.Status == http.StatusUnprocessableEntity }

// Do sends in as JSON, if it is not nil, and reads the answer into out, if it
// is not nil. path is relative to Prefix. An io.Reader is sent as it is, and
// into an io.Writer the answer is written as it is.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("api: the server did not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return statusError(resp)
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if w, ok := out.(io.Writer); ok {
		_, err = io.Copy(w, resp.Body)
	} else {
		err = json.NewDecoder(resp.Body).Decode(out)
	}
	if err != nil {
		return fmt.Errorf("api: the server's answer is not readable: %w", err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	body, plain := in.(io.Reader)
	contentType := "text/plain"
	if in != nil && !plain {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body, contentType = bytes.NewReader(b), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+Prefix+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

func statusError(resp *http.Response) error {
	var p huma.ErrorModel
	json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&p)
	e := &StatusError{Status: resp.StatusCode, Detail: p.Detail}
	if e.Detail == "" {
		e.Detail = "the server answered " + resp.Status
	}
	for _, d := range p.Errors {
		e.Detail += "; " + d.Message
		if d.Location != "" {
			e.Detail += " (" + d.Location + ")"
		}
	}
	return e
}
