package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A problem is why a request is refused, RFC 9457. Its kind is for programs:
// the type is "urn:hc:problem:" and the kind.
type problem struct {
	kind   string
	status int
	title  string
	detail string // what happened, to what, and what to do
	limit  int64  // that was exceeded; 0 for none
	header http.Header
}

// write sends p. Where the body is not read yet, the connection is closed
// behind it: net/http would first wait for the rest of the body.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Limit  int64  `json:"limit,omitempty"`
	}{"urn:hc:problem:" + p.kind, p.title, p.status, p.detail, p.limit})
	if err != nil { // strings and numbers: there is none
		body = nil
	}
	h := w.Header()
	maps.Copy(h, p.header)
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	if unread(r) {
		h.Set("Connection", "close")
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(append(body, '\n')) // a caller who is gone misses nothing
}

// unread tells whether there is a body of which something may be left. [Gateway.readBody]
// and [Gateway.skipBody] leave http.NoBody behind.
func unread(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

func notFound() *problem {
	return &problem{
		kind: "not-found", status: http.StatusNotFound, title: "No such route",
		detail: "the routes are POST /check and /v1/check, GET /probe, /healthz, /readyz, /openapi.json and /",
	}
}

func notAllowed(methods []string) *problem {
	allow := strings.Join(methods, ", ")
	return &problem{
		kind: "method-not-allowed", status: http.StatusMethodNotAllowed, title: "Method not allowed",
		detail: "this route takes " + allow,
		header: http.Header{"Allow": {allow}},
	}
}

func headerTooLarge() *problem {
	return &problem{
		kind: "header-too-large", status: http.StatusRequestHeaderFieldsTooLarge, title: "Header too large",
		detail: fmt.Sprintf("request line and header are more than %d bytes", maxHeader), limit: maxHeader,
	}
}

func crossSite() *problem {
	return &problem{
		kind: "cross-site", status: http.StatusForbidden, title: "Cross-site request",
		detail: "a browser sent this for a page of another site: ask from this site's own page, or without a browser",
	}
}

func unauthorized(h http.Header) *problem {
	detail := "send a key as Authorization: Bearer KEY"
	if h.Get("Authorization") != "" {
		detail = "the Authorization header holds no key that is known here: send one as Authorization: Bearer KEY"
	}
	return &problem{
		kind: "unauthorized", status: http.StatusUnauthorized, title: "A key is needed", detail: detail,
		header: http.Header{"Www-Authenticate": {"Bearer"}},
	}
}

func notJSON(detail string) *problem {
	return &problem{
		kind: "not-json", status: http.StatusUnsupportedMediaType, title: "Not plain JSON", detail: detail,
		header: http.Header{"Accept": {"application/json"}, "Accept-Encoding": {"identity"}},
	}
}

func bodyTooLarge(limit int64) *problem {
	return &problem{
		kind: "body-too-large", status: http.StatusRequestEntityTooLarge, title: "Body too large",
		detail: fmt.Sprintf("the body is larger than %d bytes: send several batches", limit), limit: limit,
	}
}

func tooManyURLs(limit int) *problem {
	return &problem{
		kind: "too-many-urls", status: http.StatusRequestEntityTooLarge, title: "Too many URLs",
		detail: fmt.Sprintf("a batch has at most %d URLs: send several", limit), limit: int64(limit),
	}
}

func largerThanBurst(limit int) *problem {
	return &problem{
		kind: "larger-than-burst", status: http.StatusRequestEntityTooLarge, title: "Larger than the burst",
		detail: fmt.Sprintf("the rate limit lets %d URLs through at once and so never this batch: send smaller ones", limit), limit: int64(limit),
	}
}

func bodyTooSlow() *problem {
	return &problem{
		kind: "body-too-slow", status: http.StatusRequestTimeout, title: "Body too slow",
		detail: "the body did not come in time",
	}
}

func badBody(detail string) *problem {
	return &problem{kind: "bad-body", status: http.StatusBadRequest, title: "Bad body", detail: detail}
}

func rateLimited(wait time.Duration) *problem {
	return &problem{
		kind: "rate-limited", status: http.StatusTooManyRequests, title: "Rate limit",
		detail: "this caller asks for more URLs a second than it may: try again after Retry-After seconds",
		header: retryAfter(wait),
	}
}

func overloaded(urls, requests int) *problem {
	return &problem{
		kind: "overloaded", status: http.StatusServiceUnavailable, title: "Overloaded",
		detail: fmt.Sprintf("%d URLs in %d requests may wait for their answer, and with this one there would be more: try again later", urls, requests), limit: int64(urls),
		header: retryAfter(time.Second),
	}
}

func noWorkers() *problem {
	return &problem{
		kind: "no-workers", status: http.StatusServiceUnavailable, title: "No workers",
		detail: "no worker can be reached and the cache does not have it all: try again later",
		header: retryAfter(time.Second),
	}
}

func notReady(detail string) *problem {
	return &problem{
		kind: "not-ready", status: http.StatusServiceUnavailable, title: "Not ready", detail: detail,
		header: retryAfter(time.Second),
	}
}

func internalError() *problem {
	return &problem{
		kind: "internal", status: http.StatusInternalServerError, title: "Internal error",
		detail: "a bug in hc: please report it, with the X-Request-Id of this answer",
	}
}

// retryAfter gives wait in whole seconds, at least 1 (RFC 9110 §10.2.3).
func retryAfter(wait time.Duration) http.Header {
	seconds := max(math.Ceil(wait.Seconds()), 1)
	return http.Header{"Retry-After": {strconv.FormatFloat(seconds, 'f', 0, 64)}}
}
