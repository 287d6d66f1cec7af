package metrics

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// kept is a Tracer whose spans stay here.
func kept(t *testing.T, sampler sdk.Sampler) (*Tracer, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	tr := newTracer(nil, sdk.WithSyncer(spans), sdk.WithSampler(sampler), sdk.WithoutPanicRecording())
	t.Cleanup(tr.Close)
	return tr, spans
}

// valueOf is the value of a span's, "" for none.
func valueOf(s tracetest.SpanStub, key string) string {
	for _, kv := range s.Attributes {
		if string(kv.Key) == key {
			return kv.Value.String()
		}
	}
	return ""
}

// called gives the spans of that name.
func called(spans tracetest.SpanStubs, name string) tracetest.SpanStubs {
	return slices.DeleteFunc(slices.Clone(spans), func(s tracetest.SpanStub) bool { return s.Name != name })
}

// fetched is a result with all that a span tells.
func fetched(target check.Target) check.Result {
	return check.Result{
		Target: target, Outcome: check.Fail, Reason: check.HTTPStatus, Error: "503 of http://me:s3cret@h.test/, want 200-299",
		StatusCode: 503, Attempts: 2, Protocol: "HTTP/2.0", RemoteIP: netip.MustParseAddr("192.0.2.1"), Late: true,
		FinalURL: "http://h.test/end?token=s3cret", Redirects: []check.Hop{{URL: "http://h.test/", StatusCode: 301}},
		Timing: check.Timing{
			Queue: 40 * time.Millisecond, Resolve: time.Millisecond, Connect: 2 * time.Millisecond,
			Processing: 30 * time.Millisecond, Transfer: 3 * time.Millisecond,
		},
	}
}

func TestNoEndpointIsNoTracerAndCostsNothing(t *testing.T) {
	tr, err := NewTracer(t.Context(), TracerConfig{})
	if tr != nil || err != nil {
		t.Fatalf("%v, %v", tr, err)
	}
	handler := http.NewServeMux()
	if tr.Handler(handler, "/check") != http.Handler(handler) {
		t.Error("a handler is wrapped")
	}
	if r := check.Runner(passes{}); tr.Groups(r) != r {
		t.Error("a Runner is wrapped")
	}
	if c := check.Checker(&nothing{}); tr.Checks(c) != c {
		t.Error("a Checker is wrapped")
	}
	ctx, res := t.Context(), check.Result{}
	if n := testing.AllocsPerRun(100, func() {
		within, ended := tr.Batch(ctx, 1)
		ended(check.Summary{})
		within, done := tr.Group(within, 1)
		done(0)
		tr.Probed(tr.WithTraceparent(within, ""), res)
		if tr.Traceparent(within, "") != "" {
			t.Error("a traceparent out of nothing")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	tr.Close()
}

type nothing struct{}

func (*nothing) Check(context.Context, check.Target) check.Result { return check.Result{} }

func TestVariablesSayWhetherAndHowMuch(t *testing.T) {
	const endpoint, arg = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG"
	type env map[string]string
	for name, row := range map[string]struct {
		env  env
		on   bool
		want string // of the error
	}{
		"nothing":                {env{}, false, ""},
		"an endpoint":            {env{endpoint: "http://127.0.0.1:1"}, true, ""},
		"an endpoint for traces": {env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://127.0.0.1:1/x"}, true, ""},
		"switched off":           {env{endpoint: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		"metrics only":           {env{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		"a ratio":                {env{endpoint: "http://127.0.0.1:1", arg: "0.5"}, true, ""},
		"no ratio":               {env{endpoint: "http://127.0.0.1:1", arg: "half"}, false, arg},
		"too much":               {env{endpoint: "http://127.0.0.1:1", arg: "1.5"}, false, arg},
		"not a number":           {env{endpoint: "http://127.0.0.1:1", arg: "NaN"}, false, arg},
		"no URL":                 {env{endpoint: "s3cret:4318"}, false, endpoint},
		"no host":                {env{endpoint: "http://"}, false, endpoint},
		"grpc":                   {env{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range row.env {
				t.Setenv(name, value)
			}
			var log bytes.Buffer
			tr, err := NewTracer(t.Context(), TracerConfig{Service: "hc-gateway", Log: slog.New(slog.NewTextHandler(&log, nil))})
			tr.Close()
			switch {
			case row.want == "" && err != nil:
				t.Error(err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "s3cret")):
				t.Errorf("%v, want one about %s", err, row.want)
			case (tr != nil) != row.on:
				t.Errorf("a tracer: %v", tr != nil)
			case row.on && !strings.Contains(log.String(), "127.0.0.1:1"):
				t.Errorf("it does not say where traces go: %s", &log)
			}
		})
	}
}

// TestTraceGoesFromARequestToItsPhases across two processes, as far as there are
// two here.
func TestTraceGoesFromARequestToItsPhases(t *testing.T) {
	front, spans := kept(t, sdk.ParentBased(sdk.NeverSample()))
	worker, theirs := kept(t, sdk.ParentBased(sdk.NeverSample()))
	engine := worker.Groups(pool.New(worker.Checks(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result { return fetched(t) })), pool.Config{}))
	set := NewSet(prometheus.NewRegistry())
	gateway := front.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, ended := front.Batch(r.Context(), 3)
		ctx, done := front.Group(ctx, 1)
		sent := front.Traceparent(ctx, r.Header.Get("Traceparent"))
		ts := slices.Values([]check.Target{{URL: "http://me:s3cret@h.test:81/?token=s3cret", Method: check.Auto}})
		for range engine.Run(worker.WithTraceparent(context.Background(), sent), ts) {
			done(0)
		}
		ended(check.Summary{Total: 3, Pass: 2, Fail: 1, Cached: 2})
		set.HTTP(r.Context(), "/check", 200, time.Millisecond)
	}), "/check")
	const trace, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, row := range [][2]string{
		{"/check", "00-" + trace + "-" + caller + "-01"},
		{"/check", "00-" + trace + "-" + caller + "-00"},
		{"/healthz", ""},
	} {
		r := httptest.NewRequest(http.MethodPost, row[0], nil)
		r.Header.Set("Traceparent", row[1])
		gateway.ServeHTTP(httptest.NewRecorder(), r)
	}

	parent := caller
	for _, row := range []struct {
		name  string
		at    *tracetest.InMemoryExporter
		attrs map[string]string
	}{
		{"POST /check", spans, map[string]string{"http.request.method": "POST", "http.route": "/check", "http.response.status_code": "200"}},
		{"batch", spans, map[string]string{"hc.urls": "3", "hc.pass": "2", "hc.fail": "1", "hc.cached": "2"}},
		{"hc.v1.Checker/Check", spans, map[string]string{"hc.urls": "1", "rpc.system": "grpc", "rpc.service": "hc.v1.Checker", "hc.unanswered": ""}},
		{"hc.v1.Checker/Check", theirs, map[string]string{"hc.fail": "1", "hc.cached": "0", "rpc.method": "Check"}},
		{"check", theirs, map[string]string{
			"url.full": "http://***@h.test:81/?token=***", "server.address": "h.test", "server.port": "81",
			"http.request.method": "_OTHER", "http.request.method_original": "AUTO", "http.response.status_code": "503",
			"http.request.resend_count": "1", "network.peer.address": "192.0.2.1", "network.protocol.version": "2",
			"error.type": "http_status", "hc.outcome": "fail", "hc.late": "true", "hc.redirects": "1", "hc.final_url": "http://h.test/end?token=***",
		}},
	} {
		found := called(row.at.GetSpans(), row.name)
		if len(found) != 1 {
			t.Fatalf("%d spans %s", len(found), row.name)
		}
		span := found[0]
		if span.SpanContext.TraceID().String() != trace || span.Parent.SpanID().String() != parent {
			t.Errorf("%s is below %s of trace %s, want %s of %s", row.name, span.Parent.SpanID(), span.SpanContext.TraceID(), parent, trace)
		}
		parent = span.SpanContext.SpanID().String()
		for key, want := range row.attrs {
			if got := valueOf(span, key); got != want {
				t.Errorf("%s: %s is %q, want %q", row.name, key, got, want)
			}
		}
	}
	failed := called(theirs.GetSpans(), "check")[0]
	if failed.Status.Code != codes.Error || failed.Status.Description != "503 of http://***@h.test/, want 200-299" {
		t.Errorf("status %v", failed.Status)
	}
	at := failed.StartTime
	for _, phase := range []struct {
		name string
		took time.Duration
	}{
		{"wait", 40 * time.Millisecond},
		{"resolve", time.Millisecond},
		{"connect", 2 * time.Millisecond},
		{"processing", 30 * time.Millisecond},
		{"transfer", 3 * time.Millisecond},
	} {
		found := called(theirs.GetSpans(), phase.name)
		if len(found) != 1 || found[0].Parent.SpanID().String() != parent {
			t.Fatalf("%d spans %s below the check's", len(found), phase.name)
		}
		if s := found[0]; !s.StartTime.Equal(at) || s.EndTime.Sub(at) != phase.took {
			t.Errorf("%s from %s to %s, want %s from %s on", phase.name, s.StartTime, s.EndTime, phase.took, at)
		}
		at = at.Add(phase.took)
	}
	if n := len(spans.GetSpans()) + len(theirs.GetSpans()); n != 10 {
		t.Errorf("%d spans, want 10: none of health, none of what is not sampled, no tls", n)
	}
}

func TestGroupOfALostWorkerIsAFailure(t *testing.T) {
	tr, spans := kept(t, sdk.AlwaysSample())
	ctx, root := tr.tracer.Start(t.Context(), "root")
	defer root.End()
	_, ended := tr.Group(ctx, 5)
	ended(2)
	gone, cancel := context.WithCancel(ctx)
	_, ended = tr.Group(gone, 5)
	cancel()
	ended(5)
	found := called(spans.GetSpans(), "hc.v1.Checker/Check")
	if found[0].Status.Code != codes.Error || valueOf(found[0], "hc.unanswered") != "2" || valueOf(found[0], "error.type") != "worker_lost" {
		t.Errorf("%v %v", found[0].Status, found[0].Attributes)
	}
	if found[1].Status.Code != codes.Unset {
		t.Error("a caller who left is no failure of a worker")
	}
}

func TestWorkerIsToldOfWhatIsNotSampled(t *testing.T) {
	front, _ := kept(t, sdk.NeverSample())
	worker, theirs := kept(t, sdk.ParentBased(sdk.AlwaysSample()))
	const came = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	if got := front.Traceparent(t.Context(), came); got != came {
		t.Errorf("%s, want what the caller has sent", got)
	}
	sent := front.Traceparent(t.Context(), "")
	if len(sent) != len(came) || !strings.HasSuffix(sent, "-00") {
		t.Fatalf("traceparent %q", sent)
	}
	groups := worker.Groups(passes{})
	run := func(parent string) int {
		for range groups.Run(worker.WithTraceparent(t.Context(), parent), slices.Values(make([]check.Target, 2))) {
			continue
		}
		return len(theirs.GetSpans())
	}
	if n := run(sent); n != 0 {
		t.Errorf("%d spans of what the gateway left out", n)
	}
	if n := run("nonsense"); n != 1 {
		t.Errorf("%d spans where nobody has decided, want one", n)
	}
}

func TestShareOfTheTracesIsLeftOutUnlessACallerBeganThem(t *testing.T) {
	tr, spans := kept(t, sdk.ParentBased(sdk.AlwaysSample()))
	tr.left = .9
	handler := tr.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "/check")
	groups := tr.Groups(passes{})
	ask := func(traceparent string) (requests, runs int) {
		defer spans.Reset()
		for range 1000 {
			r := httptest.NewRequest(http.MethodPost, "/check", nil)
			if traceparent != "" {
				r.Header.Set("Traceparent", traceparent)
			}
			handler.ServeHTTP(nil, r)
			for range groups.Run(tr.WithTraceparent(t.Context(), traceparent), slices.Values(make([]check.Target, 1))) {
				continue
			}
		}
		return len(called(spans.GetSpans(), "POST /check")), len(called(spans.GetSpans(), groupSpan))
	}
	if requests, runs := ask(""); requests < 50 || requests > 200 || runs < 50 || runs > 200 {
		t.Errorf("%d requests and %d Runs of 1000 are traced, want about 100", requests, runs)
	}
	if requests, runs := ask("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"); requests != 1000 || runs != 1000 {
		t.Errorf("%d requests and %d Runs of a caller who traces all", requests, runs)
	}
	if requests, runs := ask("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"); requests+runs != 0 {
		t.Errorf("%d requests and %d Runs of a caller who traces none", requests, runs)
	}
}

func TestProbesHaveTheSpansOfAnyCheck(t *testing.T) {
	tr, spans := kept(t, sdk.AlwaysSample())
	ctx, root := tr.tracer.Start(t.Context(), "GET /probe")
	tr.Probed(ctx, fetched(check.Target{URL: "http://h.test/"}))
	root.End()
	if found := called(spans.GetSpans(), "check"); len(found) != 1 || found[0].EndTime.Sub(found[0].StartTime) != 76*time.Millisecond {
		t.Errorf("%v", found)
	}
	if n := len(spans.GetSpans()); n != 7 {
		t.Errorf("%d spans, want the request's, the check's and five phases", n)
	}
}

func TestTracedRunnersObeyTheLaws(t *testing.T) {
	for name, sampler := range map[string]sdk.Sampler{"recorded": sdk.AlwaysSample(), "left out": sdk.NeverSample()} {
		t.Run(name, func(t *testing.T) {
			checktest.Conform(t, func(c check.Checker) check.Runner {
				tr := newTracer(nil, sdk.WithSampler(sampler))
				return tr.Groups(pool.New(tr.Checks(c), pool.Config{}))
			})
		})
	}
}

func TestExemplarsCarryTheTraceWhereItIsRecorded(t *testing.T) {
	tr, _ := kept(t, sdk.ParentBased(sdk.NeverSample()))
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	s.Routes([]string{"/check"})
	const trace = "0af7651916cd43dd8448eb211c80319c"
	runner := Watch(answers{checked("")}, s)
	for _, flags := range []string{"00", "01", "00"} {
		ctx := tr.WithTraceparent(t.Context(), "00-"+trace+"-b7ad6b7169203331-"+flags)
		for range runner.Run(ctx, slices.Values(make([]check.Target, 1))) {
			continue
		}
		s.HTTP(ctx, "/check", 200, 47*time.Millisecond)
	}
	for name, labels := range map[string][]string{
		"hc_check_duration_seconds":        nil,
		"hc_queue_wait_seconds":            nil,
		"hc_http_request_duration_seconds": {"route", "/check"},
	} {
		h := gathered(t, reg, name, labels...).GetHistogram()
		if h.GetSampleCount() != 3 {
			t.Errorf("%s: %d observations, want 3", name, h.GetSampleCount())
		}
		remembered := 0
		for _, b := range h.GetBucket() {
			if e := b.GetExemplar(); e != nil {
				remembered++
				if l := e.GetLabel(); len(l) != 1 || l[0].GetName() != "trace_id" || l[0].GetValue() != trace {
					t.Errorf("%s: an exemplar with %v", name, l)
				}
			}
		}
		if remembered != 1 {
			t.Errorf("%s: %d exemplars, want that of the one recorded trace", name, remembered)
		}
	}
}

// answers gives the same result for each target.
type answers struct{ res check.Result }

func (a answers) Run(_ context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		for range ts {
			if !yield(a.res) {
				return
			}
		}
	}
}

func TestCollectorInTroubleHoldsUpNobody(t *testing.T) {
	hang := make(chan struct{})
	for name, row := range map[string]struct {
		collect http.HandlerFunc
		says    string
	}{
		"it refuses": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("no. ", 1e4), http.StatusBadRequest)
		}, "400 Bad Request"},
		"it is stuck": {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-hang }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			collector := httptest.NewServer(row.collect)
			defer collector.Close()
			if row.says == "" {
				defer close(hang)
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
			t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
			t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
			var log journal
			tr, err := NewTracer(t.Context(), TracerConfig{Log: slog.New(slog.NewJSONHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			for range 1000 {
				_, span := tr.tracer.Start(t.Context(), "x")
				span.End()
			}
			if took := time.Since(begin); took > time.Second {
				t.Errorf("a thousand spans took %s", took)
			}
			begin = time.Now()
			tr.Close()
			if took := time.Since(begin); took > 5*flushPatience {
				t.Errorf("the end took %s", took)
			}
			if row.says == "" {
				return
			}
			said := log.String()
			if n := strings.Count(said, "traces are lost"); n != 1 || !strings.Contains(said, row.says) || len(said) > 2000 {
				t.Errorf("%d lines, want one that says %s: %.2000s", n, row.says, said)
			}
		})
	}
}

// journal is a log that is written while it is read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// BenchmarkTracer is what a request pays for traces, beside the rest of it.
func BenchmarkTracer(b *testing.B) {
	request := httptest.NewRequest(http.MethodPost, "/check", nil)
	for name, sampler := range map[string]sdk.Sampler{"left out": sdk.NeverSample(), "recorded": sdk.AlwaysSample()} {
		tr := newTracer(nil, sdk.WithSampler(sampler))
		handler := tr.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, ended := tr.Batch(r.Context(), 1)
			ended(check.Summary{})
		}), "/check")
		b.Run("request "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				delete(request.Header, "Traceparent")
				handler.ServeHTTP(nil, request)
			}
		})
		checks := tr.Checks(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result { return fetched(t) }))
		b.Run("check "+name, func(b *testing.B) {
			ctx, span := tr.tracer.Start(b.Context(), "batch")
			defer span.End()
			b.ReportAllocs()
			for b.Loop() {
				checks.Check(ctx, check.Target{URL: "http://h.test/"})
			}
		})
	}
}
