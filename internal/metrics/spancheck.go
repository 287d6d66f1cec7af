package metrics

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// Checks gives a Checker that makes spans of its checks, and of each one's
// phases, below the span of the ctx it checks in.
func (t *Tracer) Checks(next check.Checker) check.Checker {
	if t == nil {
		return next
	}
	return check.CheckerFunc(func(ctx context.Context, target check.Target) check.Result {
		if !t.recorded(ctx) {
			return next.Check(ctx, target)
		}
		began := time.Now()
		res := next.Check(ctx, target)
		t.checked(ctx, &res, began, time.Now())
		return res
	})
}

// Probed is told a check that has just ended and was not one of [Tracer.Checks].
func (t *Tracer) Probed(ctx context.Context, r check.Result) {
	if t.recorded(ctx) {
		now := time.Now()
		t.checked(ctx, &r, now.Add(-r.Timing.Total()), now)
	}
}

// checked makes the span of r, and one for each phase. A Result knows how long
// each took, over all attempts and redirects: they stand one after the other as
// if there had been one of each, which is so as a rule.
func (t *Tracer) checked(ctx context.Context, r *check.Result, began, ended time.Time) {
	ctx, span := t.tracer.Start(ctx, "check", trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(began), trace.WithAttributes(asked(r)...))
	defer span.End(trace.WithTimestamp(ended))
	if r.Outcome == check.Fail {
		fail(span, string(r.Reason), check.MaskText(r.Error))
	}
	at := began
	for _, phase := range []struct {
		name string
		took time.Duration
	}{
		{"wait", r.Timing.Queue}, // between attempts; the pool's own is the gap in front
		{"resolve", r.Timing.Resolve},
		{"connect", r.Timing.Connect},
		{"tls", r.Timing.TLS},
		{"processing", r.Timing.Processing},
		{"transfer", r.Timing.Transfer},
	} {
		if phase.took <= 0 {
			continue
		}
		_, part := t.tracer.Start(ctx, phase.name, trace.WithTimestamp(at))
		at = at.Add(phase.took)
		part.End(trace.WithTimestamp(at))
	}
}

// asked is r in the words of OpenTelemetry's semantic conventions (HTTP client
// spans, 1.23 and later), and in our own for what those have no word for.
func asked(r *check.Result) []attribute.KeyValue {
	as := make([]attribute.KeyValue, 0, 16)
	as = append(as,
		attribute.String("url.full", check.MaskURL(r.Target.URL)),
		attribute.String("hc.outcome", string(r.Outcome)))
	as = append(as, ofMethod(cmp.Or(r.Target.Method, http.MethodGet))...)
	if u, err := url.Parse(r.Target.URL); err == nil {
		as = append(as, attribute.String("server.address", u.Hostname()))
		if port, err := strconv.Atoi(u.Port()); err == nil {
			as = append(as, attribute.Int("server.port", port))
		}
	}
	if r.RemoteIP.IsValid() {
		as = append(as, attribute.String("network.peer.address", r.RemoteIP.String()))
	}
	if version, ok := strings.CutPrefix(r.Protocol, "HTTP/"); ok {
		as = append(as, attribute.String("network.protocol.version", strings.TrimSuffix(version, ".0")))
	}
	if r.StatusCode != 0 {
		as = append(as, attribute.Int("http.response.status_code", r.StatusCode))
	}
	if r.Attempts > 1 {
		as = append(as, attribute.Int("http.request.resend_count", r.Attempts-1))
	}
	if r.Reason != "" {
		as = append(as, attribute.String("error.type", string(r.Reason)))
	}
	if n := len(r.Redirects); n > 0 {
		as = append(as, attribute.Int("hc.redirects", n), attribute.String("hc.final_url", check.MaskURL(r.FinalURL)))
	}
	if r.Late {
		as = append(as, attribute.Bool("hc.late", true))
	}
	return as
}

func ofMethod(method string) []attribute.KeyValue {
	if method == check.Auto {
		return []attribute.KeyValue{attribute.String("http.request.method", "_OTHER"), attribute.String("http.request.method_original", method)}
	}
	return []attribute.KeyValue{attribute.String("http.request.method", method)}
}

// fail makes span one of a failure of kind.
func fail(span trace.Span, kind, text string) {
	span.SetAttributes(attribute.String("error.type", kind))
	span.SetStatus(codes.Error, text)
}
