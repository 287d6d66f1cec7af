package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A reply is an answer on its way out, and what is noted of it for the log.
type reply struct {
	http.ResponseWriter
	began  time.Time
	id     [1]string // of the request, as a header's values
	caller string    // name of its key; "" where none is needed
	urls   int       // of its batch
	code   int       // 0 until something is sent
	bytes  int64
}

// WriteHeader implements [http.ResponseWriter].
func (rep *reply) WriteHeader(code int) {
	if rep.code == 0 && code >= http.StatusOK {
		rep.code = code
	}
	rep.ResponseWriter.WriteHeader(code)
}

// Write implements [http.ResponseWriter].
func (rep *reply) Write(b []byte) (int, error) {
	if rep.code == 0 {
		rep.code = http.StatusOK
	}
	n, err := rep.ResponseWriter.Write(b)
	rep.bytes += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (rep *reply) Unwrap() http.ResponseWriter { return rep.ResponseWriter }

// finish ends a request: it is deferred, and turns a panic into a 500, or where
// the answer has begun, into a connection cut off, so that half an answer cannot
// be taken for a whole one.
func (g *Gateway) finish(rep *reply, r *http.Request, rt route) {
	bug := recover()
	cut := false
	switch err, _ := bug.(error); {
	case bug == nil:
	case errors.Is(err, http.ErrAbortHandler):
		cut = true
	default:
		g.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "panic in a handler",
			slog.String("route", rt.label), slog.String("request_id", rep.id[0]), slog.Any("panic", bug), slog.String("stack", string(debug.Stack())))
		if cut = rep.code != 0; !cut {
			internalError().write(rep, r)
		}
	}
	if rep.code == 0 {
		rep.code = http.StatusOK // net/http sends it
	}
	took := time.Since(rep.began)
	g.cfg.Observe(r.Context(), rt.label, rep.code, took)
	g.log(rep, r, rt, took, cut)
	if cut {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's own word for it: recovered there without a trace
	}
}

// requestID takes the caller's, if it is fit for a log, and else makes one. It
// need not be unpredictable.
func requestID(h http.Header) string {
	if sent := h["X-Request-Id"]; len(sent) > 0 && sent[0] != "" && len(sent[0]) <= 64 && consistsOf(sent[0], isNameByte) {
		return sent[0]
	}
	return strconv.FormatUint(rand.Uint64(), 36)
}

// traceparent gives the W3C Trace Context of version 00, "" where there is none.
func traceparent(h http.Header) string {
	sent := h["Traceparent"]
	if len(sent) == 0 {
		return ""
	}
	s := sent[0]
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' ||
		!consistsOf(s[3:35], isLowerHex) || !consistsOf(s[36:52], isLowerHex) || !consistsOf(s[53:], isLowerHex) {
		return ""
	}
	return s
}

func consistsOf(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isLowerHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

func isNameByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_' || c == '.'
}

// onBehalf gives the ctx, below one of the request's, in which checks for it are
// run.
func (g *Gateway) onBehalf(ctx context.Context, rep *reply, r *http.Request) context.Context {
	ctx = check.WithCaller(ctx, callerName(rep, r))
	if parent := traceparent(r.Header); parent != "" {
		ctx = context.WithValue(ctx, traceKey{}, parent)
	}
	return ctx
}
