package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

// TestLogHasALineForEachRequestAndNoSecret.
func TestLogHasALineForEachRequestAndNoSecret(t *testing.T) {
	keys, err := ParseKeys("alice " + sumOf("topsecret"))
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{}
	type request struct {
		route string
		code  int
	}
	var mu sync.Mutex
	var observed []request
	s := serve(t, Config{Keys: keys, Log: j.logger(), Observe: func(_ context.Context, route string, code int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		observed = append(observed, request{route, code})
	}})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	s.post(`{"urls":["https://user:topsecret@example.com/?token=topsecret","https://b.test/"]}`,
		"Authorization: Bearer topsecret", "X-Request-Id: req-1", "Traceparent: "+trace, "Cookie: topsecret")
	s.post(oneURL, "Authorization: Bearer topsecret-wrong", "X-Request-Id: line\tbreak")
	s.do("GET", "/topsecret?key=topsecret", "")
	s.do("GET", "/healthz", "") // quiet
	s.do("GET", "/readyz", "")

	var logged []map[string]any
	for line := range strings.Lines(j.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		logged = append(logged, m)
	}
	if strings.Contains(j.String(), "topsecret") {
		t.Errorf("a secret in the log: %s", j)
	}
	if len(logged) != 3 {
		t.Fatalf("%d lines: %s", len(logged), j)
	}
	for name, want := range map[string]any{
		"msg": "request", "request_id": "req-1", "method": "POST", "route": "/check", "status": 200.0, "caller": "alice", "urls": 2.0,
		"trace_id": "0af7651916cd43dd8448eb211c80319c",
	} {
		if logged[0][name] != want {
			t.Errorf("%s is %v, want %v", name, logged[0][name], want)
		}
	}
	if id, _ := logged[1]["request_id"].(string); id == "" || strings.Contains(id, "break") || logged[1]["status"] != 401.0 {
		t.Errorf("second line %v", logged[1])
	}
	if logged[2]["route"] != "other" || logged[2]["status"] != 404.0 {
		t.Errorf("third line %v", logged[2])
	}
	mu.Lock()
	defer mu.Unlock()
	want := []request{{"/check", 200}, {"/check", 401}, {"other", 404}, {"/healthz", 200}, {"/readyz", 200}}
	for i := range want {
		if i >= len(observed) || observed[i] != want[i] {
			t.Errorf("observed %v, want %v", observed, want)
			break
		}
	}
}

// TestRequestIDIsTheCallersWhereItIsSane, and is in the answer.
func TestRequestIDIsTheCallersWhereItIsSane(t *testing.T) {
	for id, sane := range map[string]bool{
		"abc-123_X.y": true, "0af7651916cd43dd8448eb211c80319c": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\nb": false, "ä": false, `"`: false,
	} {
		got := requestID(http.Header{"X-Request-Id": {id}})
		if (got == id) != sane || got == "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

// TestPanicIsAProblemOrACutConnection: never half an answer that looks whole, and
// the process goes on.
func TestPanicIsAProblemOrACutConnection(t *testing.T) {
	j := &journal{}
	s := serve(t, Config{
		Log: j.logger(),
		Runner: runner(func(_ context.Context, ts []check.Target, yield func(check.Result) bool) {
			for _, target := range ts {
				if !yield(checktest.Pass(target)) {
					return
				}
			}
		}),
		Result: func(r check.Result) {
			if strings.Contains(r.Target.URL, "bug") {
				panic("a bug, staged")
			}
		},
		Probe: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "abort" {
				panic(http.ErrAbortHandler)
			}
			panic("a bug in a probe, staged")
		}),
	})
	g := s.post(`{"urls":["https://bug.test/"]}`)
	if p := problemOf(t, g); g.code != 500 || strings.Contains(g.body, "staged") {
		t.Errorf("status %d, %+v", g.code, p)
	}
	if g := s.do("GET", "/probe", ""); g.code != 500 {
		t.Errorf("status %d", g.code)
	}
	if !strings.Contains(j.String(), "a bug, staged") || !strings.Contains(j.String(), "a bug in a probe, staged") {
		t.Errorf("not in the log: %s", j)
	}
	if _, err := s.client.Do(s.request(t.Context(), "GET", "/probe?abort", "")); err == nil {
		t.Error("an aborted answer looks whole")
	}

	// 65 results are two groups: one is sent, then the panic.
	body := strings.Replace(urls(200), "https://host150.", "https://bug150.", 1)
	resp := s.open(t.Context(), "POST", "/check", body, "Accept: application/x-ndjson")
	defer resp.Body.Close()
	if resp.StatusCode == 200 { // else nothing had been sent
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Error("half an answer looks whole")
		}
	}
	if g := s.post(oneURL); g.code != 200 {
		t.Errorf("afterwards: %d %s", g.code, g.body)
	}
}
