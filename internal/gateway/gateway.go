// Package gateway is REST in front of a [check.Runner]: a batch of URLs in,
// structured results out, as one JSON object, as NDJSON or as an event stream. It
// does not know whether the Runner is the engine in this process or workers far
// away.
//
// A request passes, in this order, what is cheap to ask before what is dear: the
// route, the size of its header, where it comes from, its key, its type, whether
// there is room for a URL, its body, the room for all of it, the caller's rate,
// the memory of recent results, and the Runner. Whatever is refused is an RFC 9457
// problem; from the first result on the answer is 200, and trouble is an item of it.
package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Config of a Gateway. Only Runner must be set.
type Config struct {
	// Runner answers what Hot does not.
	Runner check.Runner

	// Hot, if set, sets a Result to what this process's memory has at a time for a
	// target with a Key, and reports whether there is something. It is asked
	// for each target first, so that a batch that is all there costs no Run. What
	// it has no answer for is looked up again by a Runner with a cache, so it is
	// there that misses are counted.
	Hot func(*check.Target, check.Key, time.Time, *check.Result) bool

	// Recalled, if set, is told of each batch how many targets Hot had.
	Recalled func(n int)

	// Guard, if set, refuses targets by their text before the Runner has them.
	// For a Runner that ends in another process: the one in this process asks its
	// own.
	Guard *check.Guard

	// Ready reports whether the Runner can reach a worker now. It is cheap. nil is
	// always: the engine is in this process.
	Ready func() bool

	Probe http.Handler // answers GET /probe; nil: there is no such route
	Keys  *Keys        // who may ask; nil lets everybody

	KeyRate  float64 // URLs a second of each caller; 0 is no limit
	KeyBurst int     // URLs at once of each caller; 0 is twice KeyRate, at least 1

	MaxURLs    int   // in a batch; 0 is 1000
	MaxRequest int64 // bytes of a body; 0 is 1 MiB
	MaxPending int   // URLs admitted and unanswered, of all callers; 0 is 20 000
	MaxOpen    int   // requests, likewise; at most, and with 0, MaxPending

	Timeout    time.Duration // of a target that says none; 0 is the Runner's own
	MaxTimeout time.Duration // the longest a target may say; 0 is 60 s

	Version string       // of hc, for the summary and the API description
	Log     *slog.Logger // of trouble; nil is none

	// Access, if set, is given a line of JSON per request, in one Write each, where
	// Log takes what is worth an Info; of requests for health, where it takes what is
	// worth a Debug. Nothing is done about its errors.
	Access io.Writer

	// Result, if set, is told every result given to a caller, but for those whose
	// Text was there: of them Cached, if set, is told, of many at once.
	Result func(check.Result)
	Cached func(outcome check.Outcome, reason check.Reason, n int)

	// Batch, if set, is told of each batch that is let in, with the ctx of its
	// request. It gives the ctx in which the batch is run, and what is to be told
	// how it ended.
	Batch func(ctx context.Context, urls int) (context.Context, func(check.Summary))

	// Observe, if set, is told every request, with its ctx: its route as a metric
	// label (one of [Routes]), the status it was answered with, how long it took.
	Observe func(ctx context.Context, route string, code int, took time.Duration)
}

func (c Config) withDefaults() Config {
	if c.MaxURLs <= 0 {
		c.MaxURLs = 1000
	}
	if c.MaxRequest <= 0 {
		c.MaxRequest = 1 << 20
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 20_000
	}
	if c.MaxOpen <= 0 || c.MaxOpen > c.MaxPending {
		c.MaxOpen = c.MaxPending
	}
	if c.MaxTimeout <= 0 {
		c.MaxTimeout = time.Minute
	}
	if c.Ready == nil {
		c.Ready = func() bool { return true }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Result == nil {
		c.Result = func(check.Result) {}
	}
	if c.Batch == nil {
		c.Batch = func(ctx context.Context, _ int) (context.Context, func(check.Summary)) {
			return ctx, func(check.Summary) {}
		}
	}
	if c.Cached == nil {
		c.Cached = func(check.Outcome, check.Reason, int) {}
	}
	if c.Recalled == nil {
		c.Recalled = func(int) {}
	}
	if c.Observe == nil {
		c.Observe = func(context.Context, string, int, time.Duration) {}
	}
	return c
}

// Gateway is the [http.Handler] of the service's public port. It has no
// goroutine of its own.
type Gateway struct {
	cfg     Config
	routes  map[string]route
	origin  *http.CrossOriginProtection
	pending pending
	rates   *rates // nil for no limit
	names   names
	batches sync.Pool
	lines   sync.Pool

	draining  atomic.Bool
	connected atomic.Bool // a worker has been reached at least once
}

// New makes a Gateway.
func New(cfg Config) *Gateway {
	cfg = cfg.withDefaults()
	g := &Gateway{
		cfg:     cfg,
		origin:  http.NewCrossOriginProtection(),
		pending: pending{mostURLs: int64(cfg.MaxPending), mostRequests: int64(cfg.MaxOpen)},
		rates:   newRates(cfg.KeyRate, cfg.KeyBurst),
		batches: sync.Pool{New: func() any { return newBatch() }},
		lines:   sync.Pool{New: func() any { return new(line) }},
	}
	g.routes = g.newRoutes()
	return g
}

// Drain makes the Gateway not ready. It goes on with full service, and asks its
// callers to connect anew, so that none of them is left on a connection that is
// about to close.
func (g *Gateway) Drain() { g.draining.Store(true) }

// Pending is the number of URLs admitted and unanswered.
func (g *Gateway) Pending() int { return int(g.pending.urls.Load()) }

type traceKey struct{}

// Traceparent is the W3C Trace Context that the caller sent, "" for none. It is
// in the ctx of every Run and /probe.
func Traceparent(ctx context.Context) string {
	parent, _ := ctx.Value(traceKey{}).(string)
	return parent
}
