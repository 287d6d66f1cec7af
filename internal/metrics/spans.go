package metrics

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// From a request down to a check, each span is the child of the one before:
//
//	POST /check › batch › group (gateway) › group (worker) › check › its phases
//
// Whether there are any is decided where a trace begins. Below a span that is not
// recorded there is no more than the look for it.

// Handler gives a handler that is as next, and makes spans of requests for one of
// paths. It goes on with the trace of a caller who sends a traceparent, and else
// begins one.
func (t *Tracer) Handler(next http.Handler, paths ...string) http.Handler {
	if t == nil {
		return next
	}
	server := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came := r.Header["Traceparent"] != nil
		if !slices.Contains(paths, r.URL.Path) || !came && t.leavesOut() {
			next.ServeHTTP(w, r)
			return
		}
		ctx := r.Context()
		if came {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
		}
		ctx, span := t.tracer.Start(ctx, r.URL.Path, server...)
		if !span.IsRecording() {
			next.ServeHTTP(w, r)
			return
		}
		defer span.End()
		span.SetName(methodOf(r) + " " + r.URL.Path)
		span.SetAttributes(attribute.String("http.request.method", methodOf(r)), attribute.String("http.route", r.URL.Path))
		// What is logged of the request, and sent on for it, is of this span.
		r.Header["Traceparent"] = []string{traceparent(ctx)}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// methodOf is one of few: a caller may invent others.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return r.Method
	default:
		return "_OTHER"
	}
}

// answered says in a request's span how it ended.
func answered(span trace.Span, code int) {
	span.SetAttributes(attribute.Int("http.response.status_code", code))
	if code >= http.StatusInternalServerError {
		fail(span, http.StatusText(code), "")
	}
}

// Batch makes a span of urls that are asked for together, until the func it gives
// is told what became of them.
func (t *Tracer) Batch(ctx context.Context, urls int) (context.Context, func(check.Summary)) {
	if !t.recorded(ctx) {
		return ctx, func(check.Summary) {}
	}
	ctx, span := t.tracer.Start(ctx, "batch", trace.WithAttributes(attribute.Int("hc.urls", urls)))
	return ctx, func(s check.Summary) {
		span.SetAttributes(counts(s)...)
		span.End()
	}
}

// Group makes a span of targets that go to a worker, until the func it gives is
// told how many of them that worker left unanswered.
func (t *Tracer) Group(ctx context.Context, targets int) (context.Context, func(unanswered int)) {
	if !t.recorded(ctx) {
		return ctx, func(int) {}
	}
	ctx, span := t.tracer.Start(ctx, groupSpan, trace.WithSpanKind(trace.SpanKindClient), asCall())
	span.SetAttributes(attribute.Int("hc.urls", targets))
	return ctx, func(unanswered int) {
		if unanswered > 0 && ctx.Err() == nil {
			span.SetAttributes(attribute.Int("hc.unanswered", unanswered))
			fail(span, string(check.WorkerLost), "the worker was lost, or handed back what it had; it goes to another")
		}
		span.End()
	}
}

// Groups makes each Run of next a span: on a worker, where a Run is a group of a
// gateway's, the child of the span there.
func (t *Tracer) Groups(next check.Runner) check.Runner {
	if t == nil {
		return next
	}
	return groups{t, next}
}

type groups struct {
	*Tracer
	next check.Runner
}

// Run implements [check.Runner].
func (g groups) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		if !trace.SpanContextFromContext(ctx).IsValid() && g.leavesOut() {
			g.next.Run(ctx, ts)(yield)
			return
		}
		within, span := g.tracer.Start(ctx, groupSpan, trace.WithSpanKind(trace.SpanKindServer), asCall())
		if !span.IsRecording() {
			g.next.Run(ctx, ts)(yield)
			return
		}
		defer span.End()
		var tally check.Tally
		defer func() { span.SetAttributes(counts(tally.Summary())...) }()
		for res := range g.next.Run(within, ts) {
			tally.Add(res)
			if !yield(res) {
				return
			}
		}
	}
}

// groupSpan is the call that groups travel in. Several share one, so that their
// spans are not the call's.
const groupSpan = "hc.v1.Checker/Check"

func asCall() trace.SpanStartEventOption {
	return trace.WithAttributes(attribute.String("rpc.system", "grpc"),
		attribute.String("rpc.service", "hc.v1.Checker"), attribute.String("rpc.method", "Check"))
}

func counts(s check.Summary) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.Int64("hc.pass", s.Pass), attribute.Int64("hc.warn", s.Warn), attribute.Int64("hc.fail", s.Fail),
		attribute.Int64("hc.skip", s.Skip), attribute.Int64("hc.cached", s.Cached),
	}
}

// recorded reports whether ctx is that of a span which is.
func (t *Tracer) recorded(ctx context.Context) bool {
	return t != nil && trace.SpanFromContext(ctx).IsRecording()
}
