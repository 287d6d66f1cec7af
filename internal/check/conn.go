package check

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

var (
	// past as a deadline fails what is blocked on a connection at once.
	past = time.Unix(1, 0)

	errNoResponse   = errors.New("no byte of an answer")
	errHeadTooLarge = errors.New("the header is larger than 64 KiB")
	errBadHeader    = errors.New("a request header has characters HTTP forbids")
	errNotHTTP1     = errors.New("the answer is not HTTP/1")
)

// conn is one connection to an origin. It is used by one check at a time,
// except with HTTP/2, where net/http keeps its requests apart.
type conn struct {
	net.Conn          // TLS or plain
	raw      net.Conn // below TLS
	buffers  *buffers
	origin   string
	remote   netip.Addr
	tls      *TLS
	h2       *http.ClientConn // nil speaks HTTP/1.1

	absolute  bool   // plain http through a proxy: the request line has the whole URL
	proxyAuth string // then: its Proxy-Authorization

	uses atomic.Int32 // answers it has brought

	// The shelf's, guarded by its lock.
	since        time.Time
	newer, older *conn // across all origins
	above, below *conn // of this origin
}

// Close ends the connection and, with HTTP/2, what is in flight on it.
func (c *conn) Close() error {
	if c.h2 != nil {
		_ = c.h2.Close()
	}
	return c.Conn.Close()
}

// request is what a check sends.
type request struct {
	method string
	url    *url.URL
	agent  string
	header []Field
	body   string
	last   bool // on its connection, which is told so
}

// origin names what connections may be shared by (RFC 9110 §4.3.1).
func (r *request) origin() string { return r.url.Scheme + "://" + r.url.Host }

func (r *request) idempotent() bool { return r.body == "" && idempotent(r.method) }

// idempotent methods may be sent again where nobody knows whether they arrived
// (RFC 9110 §9.2.2).
func idempotent(method string) bool {
	switch method {
	case "", Auto, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// appendTo writes the request in HTTP/1.1's form.
func (r *request) appendTo(b []byte, absolute bool, proxyAuth string) ([]byte, error) {
	b = append(append(b, r.method...), ' ')
	if absolute {
		b = append(append(b, "http://"...), r.url.Host...)
	}
	b = append(append(b, r.url.RequestURI()...), " HTTP/1.1\r\n"...)
	host, fields := r.fields()
	b = appendField(b, "Host", host)
	if proxyAuth != "" {
		b = appendField(b, "Proxy-Authorization", proxyAuth)
	}
	if r.last {
		b = appendField(b, "Connection", "close")
	}
	for _, f := range fields {
		if !httpguts.ValidHeaderFieldName(f.Name) || !httpguts.ValidHeaderFieldValue(f.Value) {
			return nil, errBadHeader
		}
		b = appendField(b, f.Name, f.Value)
	}
	if r.body != "" || r.method == http.MethodPost || r.method == http.MethodPut {
		b = appendField(b, "Content-Length", strconv.Itoa(len(r.body)))
	}
	return append(append(b, "\r\n"...), r.body...), nil
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

// fields are the header lines but for Host, whose value comes apart; the
// caller's win over ours. No Accept-Encoding: the body is read as it is, so
// that a gzip bomb stays small.
func (r *request) fields() (host string, fields []Field) {
	host = r.url.Host
	fields = make([]Field, 0, len(r.header)+3)
	agent, accept, auth := true, true, r.url.User != nil
	for _, f := range r.header {
		switch http.CanonicalHeaderKey(f.Name) {
		case "Host":
			host = f.Value
			continue
		case "Content-Length", "Transfer-Encoding", "Connection":
			continue // the framing is ours (RFC 9112 §6)
		case "User-Agent":
			agent = false
		case "Accept":
			accept = false
		case "Authorization":
			auth = false
		}
		fields = append(fields, f)
	}
	if agent {
		fields = append(fields, Field{"User-Agent", r.agent})
	}
	if accept {
		fields = append(fields, Field{"Accept", "*/*"})
	}
	if auth {
		fields = append(fields, Field{"Authorization", basicAuth(r.url.User)})
	}
	return host, fields
}

// limited reads up to left bytes of a head; more is an error, not an end.
type limited struct {
	io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errHeadTooLarge
	}
	n, err := l.Reader.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// reader is the 4 KiB buffer a connection needs only while it is asked: idle
// connections have none, which is what makes ten thousand of them cheap.
type reader struct {
	buf    *bufio.Reader
	source limited
	asked  http.Request // its method, which says whether an answer has a body
}

// buffers recycles readers and request bytes between checks.
type buffers struct{ in, out sync.Pool }

func newBuffers() *buffers {
	return &buffers{
		in: sync.Pool{New: func() any {
			r := new(reader)
			r.buf = bufio.NewReader(&r.source)
			return r
		}},
		out: sync.Pool{New: func() any { return new([]byte) }},
	}
}

// answer is a response whose body is still on the connection. drain ends it.
type answer struct {
	*http.Response
	conn *conn
	in   *reader     // nil with HTTP/2
	stop func() bool // detaches ctx from the connection
}

// roundTrip sends req and reads the head of its answer. When ctx ends,
// whatever blocks fails at once. On an error the connection is of no more use.
func (c *conn) roundTrip(ctx context.Context, req *request, w *stopwatch) (*answer, error) {
	if c.h2 != nil {
		return c.roundTripHTTP2(ctx, req, w)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(past) })
	in := c.buffers.in.Get().(*reader)
	in.source = limited{c.Conn, maxHead}
	in.buf.Reset(&in.source)
	a := &answer{conn: c, in: in, stop: stop}
	if err := a.readHead(req, c.send(req), w); err != nil {
		a.release()
		return nil, err
	}
	c.uses.Add(1)
	return a, nil
}

func (c *conn) send(req *request) error {
	out := c.buffers.out.Get().(*[]byte)
	defer c.buffers.out.Put(out)
	b, err := req.appendTo((*out)[:0], c.absolute, c.proxyAuth)
	if err != nil {
		return err
	}
	*out = b
	_, err = c.Write(b)
	return err
}

// readHead reads up to and with the final head. A server may refuse a request
// before it has read it all, so a failed write only counts if no answer is
// there.
func (a *answer) readHead(req *request, wrote error, w *stopwatch) error {
	if errors.Is(wrote, errBadHeader) {
		return wrote
	}
	_, err := a.in.buf.Peek(1)
	w.lap(&w.Processing)
	if err != nil {
		if wrote != nil {
			err = wrote
		}
		return &phaseError{phaseHead, fmt.Errorf("%w: %w", errNoResponse, err)}
	}
	a.in.asked.Method = req.method
	for {
		a.Response, err = http.ReadResponse(a.in.buf, &a.in.asked)
		switch {
		case err != nil:
			return &phaseError{phaseHead, err}
		case a.ProtoMajor != 1 || a.StatusCode < 100:
			return &phaseError{phaseHead, errNotHTTP1}
		case a.StatusCode >= 200 || a.StatusCode == http.StatusSwitchingProtocols:
			a.in.source.left = math.MaxInt64
			a.Close = a.Close || req.last
			return nil
		}
	}
}

// read gives the first limit bytes of the body.
func (a *answer) read(limit int64) ([]byte, error) {
	if a.StatusCode == http.StatusSwitchingProtocols {
		return nil, nil // its body has no end, and no deadline ends it (golang/go#44988)
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, limit))
	if err != nil {
		err = &phaseError{phaseBody, err}
	}
	return body, err
}

// drain reads what is left of the body, at most 64 KiB and 100 ms of it, and
// reports whether the connection can be used again. It ends the answer.
func (a *answer) drain(ctx context.Context) (reusable bool) {
	if a.in == nil {
		a.drainHTTP2()
		return !a.Close
	}
	defer a.release()
	if a.Close || a.StatusCode == http.StatusSwitchingProtocols || a.ContentLength > maxDrain {
		a.stop()
		return false
	}
	if a.ContentLength != 0 && int64(a.in.buf.Buffered()) < max(a.ContentLength, 1) {
		_ = a.conn.SetReadDeadline(time.Now().Add(maxDrainTime))
		defer func() { _ = a.conn.SetReadDeadline(time.Time{}) }()
	}
	n, err := io.Copy(io.Discard, io.LimitReader(a.Body, maxDrain))
	ended := err == nil && (n < maxDrain || a.ContentLength == n)
	// More bytes than the answer has are not the next answer's (RFC 9112 §9.2).
	return a.stop() && ended && a.in.buf.Buffered() == 0 && ctx.Err() == nil
}

// release gives the buffer back. The body must not be read after it.
func (a *answer) release() {
	a.stop()
	a.in.source.Reader = nil
	a.conn.buffers.in.Put(a.in)
}
