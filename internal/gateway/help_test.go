package gateway

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// patience is for what must happen, on a busy machine.
const patience = 20 * time.Second

type nopCloser struct{ io.Reader }

func (nopCloser) Close() error { return nil }

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func sumOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// passing is an engine that passes everything at once.
func passing() check.Runner { return pool.New(&checktest.Fake{}, pool.Config{}) }

// A site is a Gateway on a real socket, with a client of its own.
type site struct {
	t      *testing.T
	gw     *Gateway
	base   string
	client *http.Client
}

func serve(t *testing.T, cfg Config) *site {
	t.Helper()
	if cfg.Runner == nil {
		cfg.Runner = passing()
	}
	gw := New(cfg)
	return serveWith(t, gw, NewServer(gw, nil))
}

func serveWith(t *testing.T, gw *Gateway, srv *http.Server) *site {
	t.Helper()
	ln := listen(t)
	transport := &http.Transport{}
	s := &site{t, gw, "http://" + ln.Addr().String(), &http.Client{Transport: transport, Timeout: time.Minute}}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, srv, ln, Drain{Timeout: patience}) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if n := gw.Pending(); n != 0 {
			t.Errorf("%d URLs are still pending", n)
		}
	})
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// got is an answer that was read to its end.
type got struct {
	code   int
	header http.Header
	body   string
	last   bool // on its connection
}

// do sends one request; header lines are "Name: value".
func (s *site) do(method, path, body string, header ...string) got {
	s.t.Helper()
	resp := s.open(s.t.Context(), method, path, body, header...)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got{resp.StatusCode, resp.Header, string(b), resp.Close}
}

func (s *site) open(ctx context.Context, method, path, body string, header ...string) *http.Response {
	s.t.Helper()
	resp, err := s.client.Do(s.request(ctx, method, path, body, header...))
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

func (s *site) request(ctx context.Context, method, path, body string, header ...string) *http.Request {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	return req
}

// post sends a batch to /check.
func (s *site) post(body string, header ...string) got {
	s.t.Helper()
	return s.do("POST", "/check", body, header...)
}

// answerOf reads a 200 in JSON.
func answerOf(t *testing.T, g got) ([]check.Result, check.Summary) {
	t.Helper()
	var a struct {
		Results []check.Result
		Summary check.Summary
	}
	if g.code != http.StatusOK {
		t.Fatalf("status %d: %s", g.code, g.body)
	}
	if err := json.Unmarshal([]byte(g.body), &a); err != nil {
		t.Fatalf("%v in %s", err, g.body)
	}
	return a.Results, a.Summary
}

// seen is a problem as a caller sees it.
type seen struct {
	Type, Title, Detail string
	Status              int
	Limit               int64
}

// problemOf reads a problem, and checks what holds of all.
func problemOf(t *testing.T, g got) (p seen) {
	t.Helper()
	if ct := g.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Fatalf("status %d, Content-Type %q: %s", g.code, ct, g.body)
	}
	if err := json.Unmarshal([]byte(g.body), &p); err != nil {
		t.Fatalf("%v in %s", err, g.body)
	}
	if p.Status != g.code || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:hc:problem:") {
		t.Errorf("status %d with the problem %+v", g.code, p)
	}
	return p
}

// lines reads an answer line by line, as they come.
func lines(t *testing.T, r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if !yield(sc.Text()) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			t.Errorf("reading the answer: %v", err)
		}
	}
}

// eventually polls, and fails where f stays false.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// urls is a body of n URLs, each of its own host.
func urls(n int) string { return string(urlsBody(n)) }

// held passes a target once release is closed.
func held(release <-chan struct{}) func(context.Context, check.Target) check.Result {
	return func(ctx context.Context, t check.Target) check.Result {
		select {
		case <-release:
			return checktest.Pass(t)
		case <-ctx.Done():
			return check.Failed(t, check.Canceled, "cut off")
		}
	}
}
