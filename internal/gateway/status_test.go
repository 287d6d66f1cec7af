package gateway

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

const oneURL = `{"urls":["https://example.com/"]}`

// TestEveryStatus has each way to be refused, and each route.
func TestEveryStatus(t *testing.T) {
	keys, err := ParseKeys("alice " + sumOf("secret") + "\n# old one below\nbob " + sumOf("old") + "\nbob " + sumOf("new") + " # of May")
	if err != nil {
		t.Fatal(err)
	}
	open := serve(t, Config{MaxURLs: 3, MaxRequest: 1000, MaxPending: 3})
	keyed := serve(t, Config{Keys: keys, Probe: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "probe_success 1") })})
	burst := serve(t, Config{KeyRate: 1, KeyBurst: 2})
	lost := serve(t, Config{Ready: func() bool { return false }})
	auth := func(key string) string { return "Authorization: Bearer " + key }
	long := strings.Repeat("x", 17<<10)

	for _, row := range []struct {
		name         string
		site         *site
		method, path string
		body         string
		header       []string
		code         int
		kind         string // of the problem; "" for none
		want         string // a header line of the answer
	}{
		{"a batch", open, "POST", "/check", oneURL, nil, 200, "", "Content-Type: application/json"},
		{"a batch, versioned", open, "POST", "/v1/check", oneURL, nil, 200, "", "Content-Type: application/json"},
		{"JSON with a charset", open, "POST", "/check", oneURL, []string{"Content-Type: application/json; charset=UTF-8"}, 200, "", ""},
		{"alive", open, "GET", "/healthz", "", nil, 200, "", ""},
		{"alive, HEAD", open, "HEAD", "/healthz", "", nil, 200, "", ""},
		{"ready", open, "GET", "/readyz", "", nil, 200, "", ""},
		{"the page", open, "GET", "/", "", nil, 200, "", "Content-Type: text/html; charset=utf-8"},
		{"the contract", open, "GET", "/openapi.json", "", nil, 200, "", "Content-Type: application/json"},

		{"no such route", open, "GET", "/nothing", "", nil, 404, "not-found", ""},
		{"metrics are elsewhere", open, "GET", "/metrics", "", nil, 404, "not-found", ""},
		{"profiles are elsewhere", open, "GET", "/debug/pprof/", "", nil, 404, "not-found", ""},
		{"no probe here", open, "GET", "/probe?target=x", "", nil, 404, "not-found", ""},
		{"a slash too many", open, "POST", "/check/", oneURL, nil, 404, "not-found", ""},
		{"GET of a batch", open, "GET", "/check", "", nil, 405, "method-not-allowed", "Allow: POST"},
		{"OPTIONS of a batch", open, "OPTIONS", "/v1/check", "", nil, 405, "method-not-allowed", "Allow: POST"},
		{"POST to readyz", open, "POST", "/readyz", "", nil, 405, "method-not-allowed", "Allow: GET, HEAD"},

		{"no body", open, "POST", "/check", "", nil, 400, "bad-body", ""},
		{"unknown field", open, "POST", "/check", `{"urls":["x"],"nope":1}`, nil, 400, "bad-body", ""},
		{"no URLs", open, "POST", "/check", `{"urls":[]}`, nil, 400, "bad-body", ""},
		{"a URL that is none is an item", open, "POST", "/check", `{"urls":["gopher://x/"]}`, nil, 200, "", ""},
		{"too many URLs", open, "POST", "/check", urls(4), nil, 413, "too-many-urls", ""},
		{"too large a body", open, "POST", "/check", `{"urls":["` + strings.Repeat("x", 1000) + `"]}`, nil, 413, "body-too-large", ""},
		{"no content type", open, "POST", "/check", oneURL, []string{"Content-Type"}, 415, "not-json", ""},
		{"a form", open, "POST", "/check", oneURL, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "not-json", ""},
		{"plain text", open, "POST", "/check", oneURL, []string{"Content-Type: text/plain"}, 415, "not-json", ""},
		{"JSON in Latin-1", open, "POST", "/check", oneURL, []string{"Content-Type: application/json; charset=latin1"}, 415, "not-json", ""},
		{"gzip", open, "POST", "/check", oneURL, []string{"Content-Encoding: gzip"}, 415, "not-json", ""},
		{"identity is an encoding too", open, "POST", "/check", oneURL, []string{"Content-Encoding: identity"}, 415, "not-json", ""},
		{"header too large", open, "GET", "/healthz", "", []string{"X-Long: " + long}, 431, "header-too-large", ""},

		{"another site's page", open, "POST", "/check", oneURL, []string{"Sec-Fetch-Site: cross-site"}, 403, "cross-site", ""},
		{"another site's page, old browser", open, "POST", "/check", oneURL, []string{"Origin: https://evil.example"}, 403, "cross-site", ""},
		{"this site's page", open, "POST", "/check", oneURL, []string{"Sec-Fetch-Site: same-origin"}, 200, "", ""},

		{"no key", keyed, "POST", "/check", oneURL, nil, 401, "unauthorized", "Www-Authenticate: Bearer"},
		{"unknown key", keyed, "POST", "/check", oneURL, []string{auth("guess")}, 401, "unauthorized", "Www-Authenticate: Bearer"},
		{"a sum is no key", keyed, "POST", "/check", oneURL, []string{auth(sumOf("secret"))}, 401, "unauthorized", ""},
		{"empty key", keyed, "POST", "/check", oneURL, []string{"Authorization: Bearer"}, 401, "unauthorized", ""},
		{"basic", keyed, "POST", "/check", oneURL, []string{"Authorization: Basic secret"}, 401, "unauthorized", ""},
		{"key", keyed, "POST", "/check", oneURL, []string{auth("secret")}, 200, "", ""},
		{"one key of two", keyed, "POST", "/v1/check", oneURL, []string{auth("old")}, 200, "", ""},
		{"the other", keyed, "POST", "/check", oneURL, []string{"Authorization: bearer new"}, 200, "", ""},
		{"probe without a key", keyed, "GET", "/probe?target=x", "", nil, 401, "unauthorized", "Www-Authenticate: Bearer"},
		{"probe", keyed, "GET", "/probe?target=x", "", []string{auth("secret")}, 200, "", ""},
		{"probe by POST", keyed, "POST", "/probe?target=x", "", []string{auth("secret")}, 405, "method-not-allowed", "Allow: GET, HEAD"},
		{"alive needs no key", keyed, "GET", "/healthz", "", nil, 200, "", ""},
		{"ready needs no key", keyed, "GET", "/readyz", "", nil, 200, "", ""},
		{"the page needs no key", keyed, "GET", "/", "", nil, 200, "", ""},
		{"the contract needs no key", keyed, "GET", "/openapi.json", "", nil, 200, "", ""},

		{"larger than the burst", burst, "POST", "/check", urls(3), nil, 413, "larger-than-burst", ""},
		{"within the burst", burst, "POST", "/check", urls(2), nil, 200, "", ""},
		{"too fast", burst, "POST", "/check", urls(2), nil, 429, "rate-limited", "Retry-After: 2"},
		{"a bad body costs nothing", burst, "POST", "/check", "{", nil, 400, "bad-body", ""},

		{"no workers", lost, "POST", "/check", oneURL, nil, 503, "no-workers", "Retry-After: 1"},
		{"no workers, and none needed", lost, "POST", "/check", `{"urls":["gopher://x/"]}`, nil, 200, "", ""},
		{"no workers yet", lost, "GET", "/readyz", "", nil, 503, "not-ready", ""},
		{"alive without workers", lost, "GET", "/healthz", "", nil, 200, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.site.t = t
			g := row.site.do(row.method, row.path, row.body, row.header...)
			if g.code != row.code {
				t.Fatalf("status %d, want %d: %s", g.code, row.code, g.body)
			}
			if row.kind != "" {
				if p := problemOf(t, g); p.Type != "urn:hc:problem:"+row.kind {
					t.Errorf("problem %s, want %s", p.Type, row.kind)
				}
			}
			if name, value, ok := strings.Cut(row.want, ": "); ok && g.header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, g.header.Get(name), value)
			}
			if g.header.Get("X-Request-Id") == "" {
				t.Error("no X-Request-Id")
			}
		})
	}
}

// TestBatchThatDoesNotFitIsRefusedWhole: 503 before any of it is checked, and
// room again once the others are answered.
func TestBatchThatDoesNotFitIsRefusedWhole(t *testing.T) {
	release := make(chan struct{})
	fake := &checktest.Fake{Answer: held(release)}
	s := serve(t, Config{Runner: pool.New(fake, pool.Config{}), MaxPending: 5})
	first := make(chan got, 1)
	go func() { first <- s.post(urls(4)) }()
	eventually(t, "four are checked", func() bool { return fake.Calls() == 4 })

	refused := s.post(urls(2))
	if p := problemOf(t, refused); refused.code != 503 || p.Type != "urn:hc:problem:overloaded" || p.Limit != 5 {
		t.Errorf("status %d, %+v", refused.code, p)
	}
	if refused.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
	}
	if fake.Calls() != 4 {
		t.Errorf("%d were checked, want 4", fake.Calls())
	}
	close(release)
	if g := <-first; g.code != 200 {
		t.Errorf("the first batch: %d %s", g.code, g.body)
	}
	eventually(t, "room for five", func() bool { return s.post(urls(5)).code == 200 })
}

// TestLimitsHoldByDefault, whether a size is announced or not.
func TestLimitsHoldByDefault(t *testing.T) {
	s := serve(t, Config{Hot: hotAnswer})
	for _, row := range []struct {
		name    string
		body    string
		chunked bool
		code    int
	}{
		{"1000 URLs", urls(1000), false, 200},
		{"1001 URLs", urls(1001), false, 413},
		{"1 MiB", padded(1 << 20), false, 200},
		{"a byte more", padded(1<<20 + 1), false, 413},
		{"1 MiB, chunked", padded(1 << 20), true, 200},
		{"a byte more, chunked", padded(1<<20 + 1), true, 413},
		{"10 MiB, chunked", padded(10 << 20), true, 413},
	} {
		t.Run(row.name, func(t *testing.T) {
			req := s.request(t.Context(), "POST", "/check", row.body)
			if row.chunked {
				req.ContentLength, req.GetBody = -1, nil
			}
			resp, err := s.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != row.code {
				t.Errorf("status %d, want %d", resp.StatusCode, row.code)
			}
		})
	}
}

// padded is a batch of so many bytes.
func padded(size int) string { return oneURL + strings.Repeat(" ", size-len(oneURL)) }

// TestRefusalsDoNotWaitForTheBody sends a header that announces a body, and no
// body.
func TestRefusalsDoNotWaitForTheBody(t *testing.T) {
	keys, err := ParseKeys("alice " + sumOf("secret"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Keys: keys})
	for _, row := range []struct {
		name, head string
		code       int
	}{
		{"no key", "POST /check HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n", 401},
		{"no key, chunked", "POST /check HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n", 401},
		{"no key, asking first", "POST /check HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n", 401},
		{"cross-site", "POST /check HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 100000\r\n", 403},
		{"no route", "POST /nothing HTTP/1.1\r\nContent-Length: 100000\r\n", 404},
		{"not JSON", "POST /check HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Length: 100000\r\n", 415},
		{"announced too large", "POST /check HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n", 413},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn := dial(t, s)
			fmt.Fprintf(conn, "%sHost: x\r\n\r\n", row.head)
			_ = conn.SetReadDeadline(time.Now().Add(4 * time.Second)) // a server that waits for the body waits 15 s
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != row.code {
				t.Errorf("status %d, want %d", resp.StatusCode, row.code)
			}
		})
	}
}

func dial(t *testing.T, s *site) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestNoWorkersAndAllInMemory: nothing that memory can answer needs a worker.
func TestNoWorkersAndAllInMemory(t *testing.T) {
	s := serve(t, Config{
		Ready: func() bool { return false },
		Hot: func(t *check.Target, key check.Key, now time.Time, res *check.Result) bool {
			return strings.Contains(t.URL, "hot") && hotAnswer(t, key, now, res)
		},
	})
	for _, row := range []struct {
		name, body string
		code       int
	}{
		{"all of it", `{"urls":["https://hot.example/1","https://hot.example/2","bad url"]}`, 200},
		{"not all", `{"urls":["https://hot.example/1","https://cold.example/"]}`, 503},
		{"not to be read", `{"urls":["https://hot.example/1"],"no_cache":true}`, 503},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.t = t
			began := time.Now()
			g := s.post(row.body)
			if g.code != row.code {
				t.Errorf("status %d, want %d: %s", g.code, row.code, g.body)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("decided after %v", took)
			}
		})
	}
}

// TestWorkerThatComesInTimeIsUsed: a batch waits a little for a first worker, and
// from then on the gateway is ready, even when it goes away again.
func TestWorkerThatComesInTimeIsUsed(t *testing.T) {
	asked := 0
	s := serve(t, Config{Ready: func() bool { asked++; return asked == 4 }}) // one request at a time
	if g := s.post(oneURL); g.code != 200 {
		t.Errorf("status %d: %s", g.code, g.body)
	}
	if g := s.do("GET", "/readyz", ""); g.code != 200 {
		t.Errorf("readyz %d after a worker was there", g.code)
	}
	s.gw.Drain()
	if g := s.do("GET", "/readyz", ""); g.code != 503 {
		t.Errorf("readyz %d while draining", g.code)
	}
	if g := s.do("GET", "/healthz", ""); g.code != 200 {
		t.Errorf("healthz %d while draining", g.code)
	}
}
