package gateway

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

// mayRead judges a request by its header, before its body is read. A content
// type is asked for since a browser sends one of another site's only after it
// asked whether it may.
func (g *Gateway) mayRead(r *http.Request) *problem {
	switch {
	case len(r.Header["Content-Encoding"]) > 0:
		return notJSON("a body with a Content-Encoding is not taken: send it as it is")
	case !isJSON(r.Header.Get("Content-Type")):
		return notJSON("the body must be JSON: send Content-Type: application/json")
	case r.ContentLength > g.cfg.MaxRequest:
		return bodyTooLarge(g.cfg.MaxRequest)
	default:
		return nil
	}
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true // what nearly everybody sends, without the allocations
	}
	kind, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && kind == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// A request that there is no room for waits so long for its body, up to so many
// bytes. What a caller sends with the header is there by then.
const (
	refusedPatience = 10 * time.Millisecond
	refusedBody     = 64 << 10
)

// skipBody reads the body of a request that is refused unread, so that its
// connection can be kept: to connect anew costs both ends more than a few
// kilobytes. It does not ask a caller to send what he holds back until he is asked.
func (g *Gateway) skipBody(rep *reply, r *http.Request) {
	if r.ContentLength < 0 || r.ContentLength > refusedBody || len(r.Header["Expect"]) > 0 {
		return
	}
	deadline := time.Now().Add(refusedPatience)
	if http.NewResponseController(rep).SetReadDeadline(deadline) != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err == nil {
		r.Body = http.NoBody
	}
}

// readBody reads the whole body into buf, which grows with what comes and not
// with what is announced. It leaves http.NoBody as a sign that it is read.
func (g *Gateway) readBody(rep *reply, r *http.Request, buf *bytes.Buffer) *problem {
	body := r.Body
	if r.ContentLength < 0 { // what is announced is judged already, and net/http reads no more
		body = http.MaxBytesReader(rep.ResponseWriter, body, g.cfg.MaxRequest)
	}
	_, err := buf.ReadFrom(body)
	if err == nil {
		r.Body = http.NoBody
		return nil
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return bodyTooLarge(g.cfg.MaxRequest)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return bodyTooSlow()
	}
	return badBody("the body ends too early")
}
