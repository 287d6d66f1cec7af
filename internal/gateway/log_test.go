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
	"sync/atomic"
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
	s := serve(t, Config{Keys: keys, Log: j.logger(), Access: j, Observe: func(_ context.Context, route string, code int, took time.Duration) {
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
	var observed atomic.Int64
	s := serve(t, Config{
		Log:     j.logger(),
		Observe: func(context.Context, string, int, time.Duration) { observed.Add(1) },
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
	// net/http's client may have asked twice where it was cut off.
	eventually(t, "all five to be counted, those cut off too", func() bool { return observed.Load() >= 5 })
}

// TestAccessLineIsWhatSlogWrites, so that one reader takes the whole log.
func TestAccessLineIsWhatSlogWrites(t *testing.T) {
	var got, want bytes.Buffer
	g := New(Config{Access: &got, Log: slog.New(slog.NewJSONHandler(&want, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	const odd = "a\"b\\c\x01ä\u2028"
	all := []slog.Attr{slog.String("caller", "alice"), slog.Int("urls", 1000), slog.String("trace_id", trace[3:35]), slog.Bool("cut_off", true)}
	ended, end := context.WithCancel(t.Context())
	end()
	for _, row := range []struct {
		name   string
		rep    reply
		method string
		remote string
		rt     route
		level  slog.Level
		more   []slog.Attr
		ctx    context.Context
		header http.Header
	}{
		{"the least", reply{code: 404}, "GET", "192.0.2.1:5", route{label: otherRoute}, slog.LevelInfo, nil, t.Context(), nil},
		{"all", reply{code: 200, bytes: 1 << 40, caller: "alice", urls: 1000}, "POST", "[2001:db8::1%eth0]:65535", route{label: "/v1/check"}, slog.LevelInfo, all, ended, http.Header{"Traceparent": {trace}}},
		{"health", reply{code: 200, bytes: 3}, "HEAD", "[::1]:1", route{label: "/readyz", quiet: true}, slog.LevelDebug, nil, t.Context(), nil},
		{"names that must be quoted", reply{code: 200, caller: odd}, "A\"B", "@", route{label: "/check"}, slog.LevelInfo, []slog.Attr{slog.String("caller", odd)}, t.Context(), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			got.Reset()
			want.Reset()
			row.rep.began, row.rep.id[0] = time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.UTC), "id-1"
			const took = 1234567 * time.Nanosecond
			r := (&http.Request{Method: row.method, RemoteAddr: row.remote, Header: row.header}).WithContext(row.ctx)
			g.log(&row.rep, r, row.rt, took, false)
			record := slog.NewRecord(row.rep.began.Add(took), row.level, "request", 0)
			record.AddAttrs(slog.String("request_id", "id-1"), slog.String("method", row.method), slog.String("route", row.rt.label),
				slog.Int("status", row.rep.code), slog.Int64("bytes", row.rep.bytes), slog.Int64("took_us", 1234), slog.String("remote", row.remote))
			record.AddAttrs(row.more...)
			if err := g.cfg.Log.Handler().Handle(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("got  %swant %s", &got, &want)
			}
		})
	}
}
