package metrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// TracerConfig says what a Tracer's process is. All else is OpenTelemetry's own
// to say, in the variables of its specification: OTEL_EXPORTER_OTLP_…,
// OTEL_TRACES_SAMPLER, OTEL_BSP_…, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES.
type TracerConfig struct {
	Service string // where OTEL_SERVICE_NAME does not say
	Version string
	Log     *slog.Logger // where traces go, and trouble with that, a line a minute
}

const (
	// usualRatio of the traces that begin here is recorded where no variable says
	// otherwise: enough to see what is usual, cheap at ten thousand requests a
	// second.
	usualRatio = 0.01
	// flushPatience is what the end of a process may take for the last spans.
	flushPatience = time.Second
)

// A Tracer makes spans of what goes by and sends them to a collector, by OTLP
// over HTTP. It is a tap as [Set] is, and costs what is not sampled next to
// nothing: a check's phases become spans afterwards, out of its Result. Targets
// are told nothing of traces: they are strangers, who could follow who asks them
// from request to request and from host to host.
//
// Spans wait in a bounded queue (OTEL_BSP_MAX_QUEUE_SIZE, 2048); what does not
// fit, or what the collector does not take, is gone, and nobody waits for it.
//
// Its methods that wrap give back what they were given where the Tracer is nil,
// so that a process without traces pays nothing. It has a goroutine until Close.
type Tracer struct {
	tracer   trace.Tracer
	provider *sdk.TracerProvider
	exporter *otlptrace.Exporter

	// left is the share of the traces that begin here which are left out before
	// the SDK is asked, which takes 0.3 µs and two allocations to say no.
	left float64
}

// NewTracer gives nil where no OTLP endpoint is set, or traces are switched off.
// The error is about a variable.
func NewTracer(ctx context.Context, cfg TracerConfig) (*Tracer, error) {
	to, err := endpoint()
	if to == "" || err != nil {
		return nil, err
	}
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	ratio := 1.0
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" { // or else the SDK reads it
		if ratio, err = usualOr(os.Getenv("OTEL_TRACES_SAMPLER_ARG")); err != nil {
			return nil, err
		}
	}
	// Nothing else here goes through a proxy either.
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithProxy(func(*http.Request) (*url.URL, error) { return nil, nil }))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	lost := &trouble{log: cfg.Log}
	otel.SetErrorHandler(lost) // of what has no other way to tell
	cfg.Log.Info("tracing", "to", check.MaskURL(to))
	t := newTracer(exporter, sdk.WithBatcher(telling{exporter, lost}), sdk.WithResource(resourceOf(ctx, cfg)), sdk.WithoutPanicRecording())
	t.left = 1 - ratio
	return t, nil
}

func newTracer(exporter *otlptrace.Exporter, options ...sdk.TracerProviderOption) *Tracer {
	provider := sdk.NewTracerProvider(options...)
	return &Tracer{tracer: provider.Tracer("github.com/hc-health/hc"), provider: provider, exporter: exporter}
}

// leavesOut decides on a trace that would begin now.
func (t *Tracer) leavesOut() bool { return t.left > 0 && rand.Float64() < t.left }

// Close sends what is left, for a second at most.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushPatience)
	defer cancel()
	if t.provider.Shutdown(ctx) != nil {
		_ = t.exporter.Shutdown(context.Background()) // cuts off what is on its way
	}
}

// endpoint is where traces go, "" for nowhere.
func endpoint() (string, error) {
	env := func(name string) (string, string) {
		for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
			if value := os.Getenv(name); value != "" {
				return name, value
			}
		}
		return "", ""
	}
	name, to := env("ENDPOINT")
	if to == "" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return "", nil
	}
	if u, err := url.Parse(to); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%s is no URL of a collector: write http://host:4318", name)
	}
	if name, protocol := env("PROTOCOL"); protocol == "grpc" {
		return "", fmt.Errorf("%s is grpc: traces are sent over HTTP here; unset it, and name the collector's port for that, 4318 as a rule", name)
	}
	return to, nil
}

func usualOr(ratio string) (float64, error) {
	if ratio == "" {
		return usualRatio, nil
	}
	r, err := strconv.ParseFloat(ratio, 64)
	if err != nil || !(r >= 0 && r <= 1) {
		return 0, errors.New("OTEL_TRACES_SAMPLER_ARG is no ratio: write a number from 0 to 1, such as 0.01")
	}
	return r, nil
}

// resourceOf says what this process is; the variables win.
func resourceOf(ctx context.Context, cfg TracerConfig) *resource.Resource {
	host, _ := os.Hostname() // "" tells less, that is all
	r, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", cfg.Service),
			attribute.String("service.version", cfg.Version),
			attribute.String("service.instance.id", fmt.Sprintf("%s-%d", host, os.Getpid())),
			attribute.String("host.name", host),
		),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil { // of the variable, in part; the rest is there
		cfg.Log.Warn("OTEL_RESOURCE_ATTRIBUTES is not as it should be: write name=value,name=value", "cause", err)
	}
	return r
}

// telling exports, and tells of what it could not.
type telling struct {
	*otlptrace.Exporter
	trouble *trouble
}

// ExportSpans implements [sdk.SpanExporter].
func (e telling) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.Exporter.ExportSpans(ctx, spans); err != nil {
		e.trouble.Handle(err)
	}
	return nil
}

// trouble logs what OpenTelemetry has to complain of, a line a minute.
type trouble struct {
	log *slog.Logger

	mu   sync.Mutex
	said time.Time
	more int // times since
}

// Handle implements [otel.ErrorHandler].
func (t *trouble) Handle(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.more++
	if now := time.Now(); now.Sub(t.said) >= time.Minute {
		t.log.Warn("traces are lost; all else goes on", "cause", fmt.Sprintf("%.300s", check.MaskText(err.Error())), "times", t.more)
		t.said, t.more = now, 0
	}
}
