package metrics

import (
	"context"
	"crypto/rand"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Traceparent gives the W3C Trace Context to send on in ctx: that of its span, or
// else came, which the caller has sent. Where there is neither and t is not nil,
// this trace was left out: the worker is told so, or it would begin one in the
// middle.
func (t *Tracer) Traceparent(ctx context.Context, came string) string {
	switch {
	case t == nil:
		return came
	case trace.SpanContextFromContext(ctx).IsValid():
		return traceparent(ctx)
	case came != "":
		return came
	}
	var sc trace.SpanContextConfig
	_, _ = rand.Read(sc.TraceID[:]) // never fails, of crypto/rand's own word
	_, _ = rand.Read(sc.SpanID[:])
	return traceparent(trace.ContextWithSpanContext(ctx, trace.NewSpanContext(sc)))
}

// WithTraceparent gives a ctx that goes on with the caller's trace. What is no
// traceparent is none.
func (t *Tracer) WithTraceparent(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{headerTraceparent: parent})
}

const headerTraceparent = "traceparent"

// traceparent is that of the span in ctx.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[headerTraceparent]
}

// exemplar is what an observation is remembered with: the trace it is a part of,
// where that is recorded; nil for no trace.
func exemplar(sc trace.SpanContext) prometheus.Labels {
	if sc.IsSampled() {
		return prometheus.Labels{"trace_id": sc.TraceID().String()}
	}
	return nil
}
