package metrics

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// newWhole is all that a process can have.
func newWhole() (*prometheus.Registry, *Set) {
	reg := NewRegistry()
	s := NewSet(reg)
	s.Build("v1.2.3", "abc", "go1.26")
	s.Routes([]string{"/check", "other"})
	check := Method{"bidi_stream", "hc.v1.Checker", "Check"}
	NewServerCalls(reg, check)
	NewClientCalls(reg, check)
	return reg, s
}

func TestRoomsReportToTheSet(t *testing.T) {
	reg, s := newWhole()
	s.CacheRequests("memory", "hit", 3)
	s.CacheRequests("redis", "coalesced", 2)
	s.CacheDropped(5)
	s.CacheUp(false)
	s.Blocked("special")
	s.HTTP(t.Context(), "/check", 200, 250*time.Millisecond)
	s.HTTP(t.Context(), "/check", 503, 250*time.Millisecond)
	inFlight := 3
	s.Pool(func() (int, int, int) { return 4, inFlight, 7 })

	row := func(want float64, name string, labels ...string) {
		t.Helper()
		if got := value(t, reg, name, labels...); got != want {
			t.Errorf("%s%q = %v, want %v", name, labels, got, want)
		}
	}
	row(3, "hc_cache_requests_total", "result", "hit", "tier", "memory")
	row(2, "hc_cache_requests_total", "result", "coalesced", "tier", "redis")
	row(0, "hc_cache_requests_total", "result", "error", "tier", "redis")
	row(5, "hc_cache_dropped_total")
	row(0, "hc_cache_up")
	row(1, "hc_blocked_total", "rule", "special")
	row(1, "hc_http_requests_total", "code", "200", "route", "/check")
	row(1, "hc_http_requests_total", "code", "503", "route", "/check")
	row(1, "hc_build_info", "goversion", "go1.26", "revision", "abc", "version", "v1.2.3")
	row(4, "hc_pool_capacity")
	row(3, "hc_pool_in_flight")
	row(7, "hc_pool_queued")
	row(0, "hc_prober_saturated")
	inFlight = 4
	row(1, "hc_prober_saturated")
	s.CacheUp(true)
	row(1, "hc_cache_up")
	if count, sum := observed(t, reg, "hc_http_request_duration_seconds", "route", "/check"); count != 2 || !isNear(sum, .5) {
		t.Errorf("%d requests in %v s, want 2 in 0.5", count, sum)
	}
}

func TestEverySeriesIsThereFromTheFirstScrape(t *testing.T) {
	reg, _ := newWhole()
	row := func(want float64, name string, labels ...string) {
		t.Helper()
		if got := value(t, reg, name, labels...); got != want {
			t.Errorf("%s%q = %v, want %v", name, labels, got, want)
		}
	}
	for _, reason := range check.Reasons() {
		row(0, "hc_checks_total", "outcome", "fail", "reason", string(reason))
	}
	for _, rule := range check.GuardRules() {
		row(0, "hc_blocked_total", "rule", rule)
	}
	for _, phase := range []string{"resolve", "connect", "tls", "processing", "transfer"} {
		if count, _ := observed(t, reg, "hc_check_phase_duration_seconds", "phase", phase); count != 0 {
			t.Errorf("phase %s begins at %d", phase, count)
		}
	}
	row(1, "hc_cache_up")
	row(0, "hc_cache_requests_total", "result", "miss", "tier", "redis")
	row(0, "hc_check_attempts_total")
	row(0, "hc_checks_late_total")
	row(0, "hc_http_requests_total", "code", "500", "route", "other")
	row(0, "hc_pool_capacity")
	row(0, "hc_prober_saturated")
	row(0, "grpc_server_started_total", "grpc_method", "Check", "grpc_service", "hc.v1.Checker", "grpc_type", "bidi_stream")
	row(0, "grpc_client_handled_total", "grpc_code", "Unavailable", "grpc_method", "Check", "grpc_service", "hc.v1.Checker", "grpc_type", "bidi_stream")
}

func TestNamesAndHelpPassTheLint(t *testing.T) {
	reg, _ := newWhole()
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestLabelsAreThoseOfTheContract(t *testing.T) {
	allowed := []string{
		"outcome", "reason", "phase", "tier", "result", "rule", "route", "code", "version", "revision", "goversion",
		"grpc_type", "grpc_service", "grpc_method", "grpc_code",
	}
	reg, s := newWhole()
	s.Observe(t.Context(), checked(check.HTTPStatus))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "hc_") && !strings.HasPrefix(family.GetName(), "grpc_") {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(allowed, l.GetName()) {
					t.Errorf("%s has a label %s", family.GetName(), l.GetName())
				}
			}
		}
	}
}

func TestCallsAreCountedByMethodAndCode(t *testing.T) {
	reg := prometheus.NewRegistry()
	c := NewServerCalls(reg, Method{"bidi_stream", "hc.v1.Checker", "Check"})
	check := []string{"grpc_method", "Check", "grpc_service", "hc.v1.Checker", "grpc_type", "bidi_stream"}
	unknown := []string{"grpc_method", "unknown", "grpc_service", "unknown", "grpc_type", "unknown"}
	for range 2 {
		c.Started("bidi_stream", "hc.v1.Checker", "Check")
		c.Received("bidi_stream", "hc.v1.Checker", "Check")
		c.Sent("bidi_stream", "hc.v1.Checker", "Check")
	}
	c.Handled("bidi_stream", "hc.v1.Checker", "Check", "OK", 20*time.Millisecond)
	for _, invented := range []string{"A", "B", "C"} {
		c.Started("unary", "evil", invented)
		c.Handled("unary", "evil", invented, "Unimplemented", time.Millisecond)
	}
	row := func(want float64, name string, labels ...string) {
		t.Helper()
		if got := value(t, reg, name, labels...); got != want {
			t.Errorf("%s%q = %v, want %v", name, labels, got, want)
		}
	}
	row(2, "grpc_server_started_total", check...)
	row(2, "grpc_server_msg_received_total", check...)
	row(2, "grpc_server_msg_sent_total", check...)
	row(1, "grpc_server_handled_total", append([]string{"grpc_code", "OK"}, check...)...)
	row(0, "grpc_server_handled_total", append([]string{"grpc_code", "Internal"}, check...)...)
	row(3, "grpc_server_started_total", unknown...)
	row(3, "grpc_server_handled_total", append([]string{"grpc_code", "Unimplemented"}, unknown...)...)
	if count, sum := observed(t, reg, "grpc_server_handling_seconds", check...); count != 1 || !isNear(sum, .02) {
		t.Errorf("%d calls in %v s, want 1 in 0.02", count, sum)
	}
}

func TestPageSpeaksWhatIsAskedFor(t *testing.T) {
	reg, s := newWhole()
	s.Observe(t.Context(), checked(check.DNS))
	page := Page(reg)
	for name, row := range map[string]struct{ accept, contentType, want string }{
		"text":        {"", "text/plain; version=0.0.4", "\nhc_checks_total{outcome=\"fail\",reason=\"dns\"} 1\n"},
		"OpenMetrics": {"application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0", "\nhc_checks_total{outcome=\"fail\",reason=\"dns\"} 1.0\n"},
		"protobuf": {
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
			"application/vnd.google.protobuf", "hc_check_duration_seconds",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept", row.accept)
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Result().Body)
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, row.contentType) {
				t.Errorf("Content-Type %q, want %q", got, row.contentType)
			}
			if !strings.Contains(string(body), row.want) {
				t.Errorf("no %q in it", row.want)
			}
			if strings.Contains(string(body), "secret") {
				t.Error("a part of a URL is in it")
			}
		})
	}
}

// BenchmarkHTTP is what counting a request costs, and what it would with promhttp's
// handlers (docs/adr/0008-http-metrics.md).
func BenchmarkHTTP(b *testing.B) {
	s := NewSet(prometheus.NewRegistry())
	s.Routes([]string{"/check"})
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	of := prometheus.Labels{"route": "/check"}
	exemplars := promhttp.WithExemplarFromContext(func(ctx context.Context) prometheus.Labels {
		return exemplar(trace.SpanContextFromContext(ctx))
	})
	r := httptest.NewRequest(http.MethodPost, "/check", nil)
	for name, h := range map[string]http.Handler{
		"ours": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun := time.Now()
			next.ServeHTTP(w, r)
			s.HTTP(r.Context(), "/check", http.StatusOK, time.Since(begun))
		}),
		"promhttp": promhttp.InstrumentHandlerDuration(s.requestTime.MustCurryWith(of),
			promhttp.InstrumentHandlerCounter(s.requests.MustCurryWith(of), next, exemplars), exemplars),
	} {
		b.Run(name, func(b *testing.B) {
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
