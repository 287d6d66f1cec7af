//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hc-health/hc/internal/check"
)

// A span is one that a collector got.
type span struct {
	service, trace, id, parent, name string
	attrs                            map[string]string
	start, end                       uint64
}

// A collectorOf takes traces, as an OpenTelemetry collector does.
type collectorOf struct {
	*httptest.Server
	mu    sync.Mutex
	spans []span
	text  bytes.Buffer // of all that came
}

// collectTraces starts one, to which the processes of this test send from now on.
func collectTraces(t testing.TB) *collectorOf {
	t.Helper()
	c := &collectorOf{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	t.(interface{ Setenv(k, v string) }).Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	return c
}

func (c *collectorOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var m collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &m) != nil {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(body)
	for _, of := range m.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{
					service: attributes(of.Resource.Attributes)["service.name"],
					trace:   fmt.Sprintf("%x", s.TraceId), id: fmt.Sprintf("%x", s.SpanId), parent: fmt.Sprintf("%x", s.ParentSpanId),
					name: s.Name, attrs: attributes(s.Attributes), start: s.StartTimeUnixNano, end: s.EndTimeUnixNano,
				})
			}
		}
	}
}

func attributes(kvs []*otlp.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range kvs {
		switch v := kv.Value.Value.(type) {
		case *otlp.AnyValue_StringValue:
			all[kv.Key] = v.StringValue
		case *otlp.AnyValue_IntValue:
			all[kv.Key] = fmt.Sprint(v.IntValue)
		case *otlp.AnyValue_BoolValue:
			all[kv.Key] = fmt.Sprint(v.BoolValue)
		}
	}
	return all
}

func (c *collectorOf) all() []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// of gives the spans of a trace.
func (c *collectorOf) of(trace string) []span {
	return slices.DeleteFunc(c.all(), func(s span) bool { return s.trace != trace })
}

// holds reports whether text is anywhere in what came.
func (c *collectorOf) holds(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Contains(c.text.Bytes(), []byte(text))
}

// await gives the spans of a trace once it has one of each name.
func (c *collectorOf) await(t testing.TB, trace string, names ...string) []span {
	t.Helper()
	eventually(t, fmt.Sprintf("a trace with %s", names), func() bool {
		seen := map[string]bool{}
		for _, s := range c.of(trace) {
			seen[s.name] = true
		}
		return !slices.ContainsFunc(names, func(name string) bool { return !seen[name] })
	})
	return c.of(trace)
}

// below gives the spans of that name and service below parent.
func below(spans []span, parent, service, name string) []span {
	return slices.DeleteFunc(slices.Clone(spans), func(s span) bool {
		return s.parent != parent || s.service != service || s.name != name
	})
}

// only gives the one span of that name and service below parent.
func only(t testing.TB, spans []span, parent, service, name string) span {
	t.Helper()
	found := below(spans, parent, service, name)
	if len(found) != 1 {
		t.Fatalf("%d spans %s of %s below %q in %+v", len(found), name, service, parent, spans)
	}
	return found[0]
}

// inTrace asks as a caller who is part of a trace.
func inTrace(t testing.TB, gateway, traceparent string, urls ...string) {
	t.Helper()
	body := `{"urls":["` + strings.Join(urls, `","`) + `"]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+gateway+"/check", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", traceparent)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", resp.StatusCode, text, err)
	}
}

// traceparentOf makes the n-th trace's: its id, and what is sent.
func traceparentOf(n int, flags string) (trace, parent string) {
	trace = fmt.Sprintf("0af7651916cd43dd8448eb211c8031%02x", n)
	return trace, "00-" + trace + "-b7ad6b7169203331-" + flags
}

// TestOneTraceGoesFromAGatewaysRequestToTheDialOfAWorker over processes: a
// gateway and a worker, their collector, and targets that are told nothing of it.
func TestOneTraceGoesFromAGatewaysRequestToTheDialOfAWorker(t *testing.T) {
	told := make(chan http.Header, 10)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told <- r.Header
		http.Error(w, "", http.StatusServiceUnavailable)
	}))
	t.Cleanup(target.Close)
	c := collectTraces(t)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	worker := serve(t, "worker", "--retries", "0")
	gateway := serve(t, "gateway", "--workers", worker.address)
	gateway.connected(t)
	asked, masked := target.URL+"/?token=s3cret", target.URL+"/?token=***"

	trace, traceparent := traceparentOf(1, "01")
	inTrace(t, gateway.address, traceparent, asked, "http://127.0.0.1:1/", asked)
	spans := c.await(t, trace, "POST /check", "batch", "hc.v1.Checker/Check", "check", "connect", "processing")
	request := only(t, spans, "b7ad6b7169203331", "hc-gateway", "POST /check")
	if request.attrs["http.response.status_code"] != "200" {
		t.Errorf("the request's span has %v", request.attrs)
	}
	batch := only(t, spans, request.id, "hc-gateway", "batch")
	if got := batch.attrs["hc.urls"] + " " + batch.attrs["hc.fail"] + " " + batch.attrs["hc.cached"]; got != "3 3 0" {
		t.Errorf("the batch has %s URLs, failures and hits, want 3 3 0", got)
	}
	group := only(t, spans, batch.id, "hc-gateway", "hc.v1.Checker/Check")
	theirs := only(t, spans, group.id, "hc-worker", "hc.v1.Checker/Check")
	checks := below(spans, theirs.id, "hc-worker", "check")
	if len(checks) != 2 {
		t.Fatalf("%d checks, want 2: the third URL is the first", len(checks))
	}
	for _, s := range checks {
		want := map[string]string{"url.full": masked, "error.type": "http_status", "http.response.status_code": "503", "network.peer.address": "127.0.0.1"}
		phases := []string{"connect", "processing", "transfer"}
		if s.attrs["server.port"] == "1" {
			want = map[string]string{"url.full": "http://127.0.0.1:1/", "error.type": "connect_refused", "http.response.status_code": ""}
			phases = phases[:1]
		}
		for key, value := range want {
			if s.attrs[key] != value {
				t.Errorf("%s is %q, want %q", key, s.attrs[key], value)
			}
		}
		at := s.start
		for _, name := range phases {
			phase := only(t, spans, s.id, "hc-worker", name)
			if phase.start < at || phase.end > s.end+uint64(time.Millisecond) {
				t.Errorf("%s from %d to %d, within a check from %d to %d", name, phase.start, phase.end, s.start, s.end)
			}
			at = phase.end
		}
	}
	for _, within := range [][2]span{{request, batch}, {batch, group}, {theirs, checks[0]}} {
		if within[0].start > within[1].start || within[0].end < within[1].end {
			t.Errorf("%s ends before what is in it does", within[0].name)
		}
	}

	hit, traceparent := traceparentOf(2, "01")
	inTrace(t, gateway.address, traceparent, asked)
	spans = c.await(t, hit, "POST /check", "batch")
	if b := spans[slices.IndexFunc(spans, func(s span) bool { return s.name == "batch" })]; b.attrs["hc.cached"] != "1" || len(spans) != 2 {
		t.Errorf("a hit is %d spans, %v", len(spans), b.attrs)
	}

	unsampled, traceparent := traceparentOf(3, "00")
	inTrace(t, gateway.address, traceparent, target.URL+"/unsampled")

	for s, series := range map[*service]string{worker: "hc_check_duration_seconds_bucket", gateway: "hc_http_request_duration_seconds_bucket"} {
		text := openMetrics(t, s)
		if !strings.Contains(text, `# {trace_id="`+trace+`"}`) || !strings.Contains(text, series) {
			t.Errorf("no exemplar of the trace in %s of %s", series, s.Args)
		}
		if strings.Contains(text, unsampled) {
			t.Errorf("%s remembers a trace that nobody has", s.Args)
		}
	}
	gateway.signal(t, syscall.SIGTERM)
	worker.signal(t, syscall.SIGTERM)
	if gateway.code(t)+worker.code(t) != 0 {
		t.Error("they do not end well")
	}
	if n := len(c.of(unsampled)); n != 0 {
		t.Errorf("%d spans of a trace that the caller does not sample", n)
	}
	if c.holds("s3cret") {
		t.Error("a secret of the URL went to the collector")
	}
	close(told)
	for header := range told {
		for name := range header {
			if name == "Traceparent" || name == "Tracestate" || name == "Baggage" {
				t.Errorf("a target is told %s", name)
			}
		}
	}
}

// openMetrics scrapes s as Prometheus does, with exemplars.
func openMetrics(t testing.TB, s *service) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTracesOfAGatewayAloneAreFlushedAtItsEnd: no worker, no caller's trace, and
// a collector that would be told in a minute.
func TestTracesOfAGatewayAloneAreFlushedAtItsEnd(t *testing.T) {
	site := newSite(t)
	c := collectTraces(t)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	t.Setenv("OTEL_SERVICE_NAME", "checks-of-mine")
	gateway := serve(t, "gateway")
	newCaller(t).ask(t, gateway.address, []string{site.URL + "/moved/1"}).passed(t, 1)
	if code, text := get(t, "http://"+gateway.address+"/probe?target="+site.URL); code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	if n := len(c.all()); n != 0 {
		t.Errorf("%d spans at once", n)
	}
	gateway.signal(t, syscall.SIGTERM)
	if code := gateway.code(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	const name = "checks-of-mine"
	spans := c.all()
	batch := only(t, spans, only(t, spans, "", name, "POST /check").id, name, "batch")
	moved := only(t, spans, batch.id, name, "check")
	if moved.attrs["hc.final_url"] != site.URL+"/ok" || moved.attrs["hc.redirects"] != "1" {
		t.Errorf("%v", moved.attrs)
	}
	only(t, spans, only(t, spans, "", name, "GET /probe").id, name, "check")
}

func TestTraceVariablesThatCannotBe(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
	for _, kind := range []string{"gateway", "worker"} {
		code, _, errs := here(t, "serve", kind, "--listen", "127.0.0.1:0")
		if code != exitUsage || !strings.Contains(errs, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL") {
			t.Errorf("%s: %d %s", kind, code, errs)
		}
	}
}

// TestPromtoolHasNothingToSay of what a gateway and a worker show, before their
// first request and after some.
func TestPromtoolHasNothingToSay(t *testing.T) {
	site := newSite(t)
	worker := serve(t, "worker")
	gateway := serve(t, "gateway", "--workers", worker.address)
	gateway.connected(t)
	for range 2 {
		for _, s := range []*service{gateway, worker} {
			_, text := get(t, "http://"+s.admin+"/metrics")
			cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
			cmd.Stdin = strings.NewReader(text)
			if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("%s: %v, %s", s.Args, err, said)
			}
		}
		newCaller(t).ask(t, gateway.address, []string{site.URL + "/a", site.URL + "/status/404", "http://127.0.0.1:1/"}).complete(t, 3)
	}
}

// TestProcessThatIsStoppedSaysThatItWasLate: targets that time out while the
// process is not run say of themselves that the fault may be ours; those that
// time out otherwise do not.
func TestProcessThatIsStoppedSaysThatItWasLate(t *testing.T) {
	site := newSite(t)
	gateway := serve(t, "gateway", "--retries", "0", "--cache", "off")
	ask := func() check.Result {
		answer := newCaller(t).ask(t, gateway.address, []string{site.URL + "/hang/1"}, `"timeout_ms":1000`)
		answer.complete(t, 1)
		return answer.Results[0]
	}
	if r := ask(); r.Reason != check.Timeout || r.Late {
		t.Errorf("%s, late %v", r.Reason, r.Late)
	}
	stopped := make(chan check.Result)
	begun := site.count("/hang/1")
	go func() { stopped <- ask() }()
	eventually(t, "a check under way", func() bool { return site.count("/hang/1") > begun })
	gateway.signal(t, syscall.SIGSTOP)
	time.Sleep(3 * time.Second)
	gateway.signal(t, syscall.SIGCONT)
	if r := <-stopped; r.Reason != check.Timeout || !r.Late {
		t.Errorf("%s, late %v", r.Reason, r.Late)
	}
	if n := gateway.metric(t, "hc_checks_late_total"); n != 1 {
		t.Errorf("%v counted as late, want 1", n)
	}
}

// TestPrometheusFindsTheTraceOfASlowRequest: a real one scrapes native histograms,
// and their exemplars lead to the trace.
func TestPrometheusFindsTheTraceOfASlowRequest(t *testing.T) {
	site := newSite(t)
	collectTraces(t)
	gateway := serve(t, "gateway")
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n  - {job_name: gateway, static_configs: [{targets: [" + gateway.admin + "]}]}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	prometheus := startProgram(t, "prometheus", "/-/ready", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--enable-feature=native-histograms,exemplar-storage")
	trace, traceparent := traceparentOf(1, "01")
	inTrace(t, gateway.address, traceparent, site.URL+"/slow/1")
	for _, name := range []string{"hc_check_duration_seconds", "hc_http_request_duration_seconds"} {
		var answer string
		eventually(t, "a native histogram "+name, func() bool {
			_, answer = get(t, prometheus+"/api/v1/query?query="+url.QueryEscape(`sum(histogram_count(`+name+`)) and histogram_quantile(0.5, sum(`+name+`)) > 0.045`))
			return strings.Contains(answer, `,"1"]`)
		})
		eventually(t, "an exemplar of "+name, func() bool {
			now := time.Now().Unix()
			_, answer = get(t, fmt.Sprintf("%s/api/v1/query_exemplars?query=%s&start=%d&end=%d", prometheus, name, now-600, now+600))
			return strings.Contains(answer, `"trace_id":"`+trace+`"`)
		})
	}
}
