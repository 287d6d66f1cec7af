package check

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// speakHTTP2 hands a connection that negotiated h2 to net/http, which does the
// framing. Its own pool, dialling and redirects stay unused.
func speakHTTP2(ctx context.Context, c *tls.Conn) (*http.ClientConn, error) {
	t := &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return c, nil },
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHead,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: 256 << 10,
			MaxReceiveBufferPerStream:     maxDrain,
			SendPingTimeout:               15 * time.Second,
			PingTimeout:                   5 * time.Second,
			WriteByteTimeout:              5 * time.Second,
		},
	}
	return t.NewClientConn(ctx, "https", c.RemoteAddr().String())
}

func (c *conn) roundTripHTTP2(ctx context.Context, req *request, w *stopwatch) (*answer, error) {
	out, err := http.NewRequestWithContext(ctx, req.method, req.url.String(), nil)
	if err != nil {
		return nil, &phaseError{phaseHead, err}
	}
	if req.body != "" {
		out.Body, out.ContentLength = io.NopCloser(strings.NewReader(req.body)), int64(len(req.body))
	}
	host, fields := req.fields()
	out.Host = host
	for _, f := range fields {
		out.Header.Add(f.Name, f.Value)
	}
	resp, err := c.h2.RoundTrip(out)
	w.lap(&w.Processing)
	if err != nil {
		if c.h2.Err() != nil && c.uses.Load() > 0 {
			err = &goneError{err} // an idle connection the server had given up
		}
		return nil, &phaseError{phaseHead, err}
	}
	c.uses.Add(1)
	resp.Close = req.last
	return &answer{Response: resp, conn: c}, nil
}

// goneError marks an error of a connection that ended before it brought an
// answer.
type goneError struct{ error }

func (e *goneError) Is(target error) bool { return target == errNoResponse }
func (e *goneError) Unwrap() error        { return e.error }

// drainHTTP2 reads a small rest rather than reset the stream: servers count
// resets against a client since CVE-2023-44487.
func (a *answer) drainHTTP2() {
	if a.Close {
		_ = a.Body.Close()
		return
	}
	timer := time.AfterFunc(maxDrainTime, func() { _ = a.Body.Close() })
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, maxDrain))
	_ = a.Body.Close()
}
