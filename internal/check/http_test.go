package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if code, err := strconv.Atoi(r.URL.Path[1:]); err == nil {
			if after := r.URL.Query().Get("after"); after != "" {
				w.Header().Set("Retry-After", after)
			}
			w.Header().Set("X-Kind", "test")
			w.WriteHeader(code)
			return
		}
		_, _ = fmt.Fprint(w, "hello")
	})
	codes := func(s string) Expect {
		c, err := ParseCodes(s)
		if err != nil {
			t.Fatal(err)
		}
		return Expect{Codes: c}
	}
	header := func(name, re string) Expect {
		return Expect{Header: []HeaderRule{{Name: name, Match: regexp.MustCompile(re)}}}
	}
	rows := []struct {
		name   string
		path   string
		expect Expect
		reason Reason
		out    Outcome
	}{
		{"200", "/200", Expect{}, "", Pass},
		{"204", "/204", Expect{}, "", Pass},
		{"404", "/404", Expect{}, HTTPStatus, Fail},
		{"404 accepted", "/404", codes("200-299,404"), "", Pass},
		{"200 not accepted", "/200", codes("301"), HTTPStatus, Fail},
		{"429", "/429", Expect{}, RateLimited, Warn},
		{"429 accepted", "/429", codes("429"), "", Pass},
		{"503", "/503", Expect{}, HTTPStatus, Fail},
		{"503 with Retry-After", "/503?after=7", Expect{}, RateLimited, Warn},
		{"500 with Retry-After", "/500?after=7", Expect{}, HTTPStatus, Fail},
		{"301 without a Location", "/301", Expect{}, HTTPStatus, Fail},
		{"body matches", "/", Expect{Body: regexp.MustCompile("^hello$")}, "", Pass},
		{"body does not match", "/", Expect{Body: regexp.MustCompile("bye")}, BodyMismatch, Fail},
		{"header matches", "/200", header("x-kind", "^test$"), "", Pass},
		{"header does not match", "/200", header("X-Kind", "^rest$"), HeaderMismatch, Fail},
		{"header is absent", "/200", header("X-None", ""), HeaderMismatch, Fail},
		{"too slow", "/200", Expect{Latency: 1}, LatencyExceeded, Fail},
		{"fast enough", "/200", Expect{Latency: time.Minute}, "", Pass},
	}
	h := newHTTP(t, HTTPConfig{})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := h.Check(context.Background(), Target{URL: site.URL + row.path, Expect: row.expect})
			if r.Reason != row.reason || r.Outcome != row.out {
				t.Errorf("got %q, %q (%s), want %q, %q", r.Outcome, r.Reason, r.Error, row.out, row.reason)
			}
			if (r.Error == "") != (r.Reason == "") {
				t.Errorf("reason %q with error %q", r.Reason, r.Error)
			}
			if strings.Contains(row.path, "after=7") && r.Reason == RateLimited && r.RetryAfter != 7*time.Second {
				t.Errorf("RetryAfter is %s", r.RetryAfter)
			}
		})
	}
}

func TestInvalidTargetIsAnsweredUnasked(t *testing.T) {
	r := checkOne(t, HTTPConfig{}, Target{Invalid: "no host"})
	if r.Reason != InvalidURL || r.Outcome != Fail || r.Error != "no host" || r.Attempts != 0 {
		t.Errorf("%+v", r)
	}
}

func TestRedirects(t *testing.T) {
	var got []string
	var mu sync.Mutex
	far := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("X-Secret"))
		mu.Unlock()
	})
	near := serve(t, func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		switch r.URL.Path {
		case "/far":
			http.Redirect(w, r, far.URL+"/end", code)
		case "/near":
			http.Redirect(w, r, "end#fragment", code)
		case "/space":
			w.Header().Set("Location", "/end?q=a b")
			w.WriteHeader(http.StatusFound)
		case "/twice":
			http.Redirect(w, r, "/near?code=302", http.StatusFound)
		default:
			mu.Lock()
			got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("X-Secret"))
			mu.Unlock()
		}
	})
	secret := &Request{Header: []Field{{"Authorization", "Bearer s"}, {"X-Secret", "t"}}}
	rows := []struct {
		name, method, path string
		request            *Request
		expect             Codes
		max                int
		reason             Reason
		hops               int
		got                string
	}{
		{name: "within an origin secrets stay", path: "/near?code=302", request: secret, max: 5, hops: 1, got: "GET /end Bearer st"},
		{name: "to another origin they are dropped", path: "/far?code=302", request: secret, max: 5, hops: 1, got: "GET /end "},
		{name: "two hops", path: "/twice", max: 5, hops: 2, got: "GET /end "},
		{name: "a space in the Location", path: "/space", max: 5, hops: 1, got: "GET /end "},
		{name: "one too many", path: "/twice", max: 1, reason: TooManyRedirects, hops: 2},
		{name: "POST becomes GET", method: "POST", path: "/near?code=301", max: 5, hops: 1, got: "GET /end "},
		{name: "POST stays POST on 307", method: "POST", path: "/near?code=307", max: 5, hops: 1, got: "POST /end "},
		{name: "HEAD stays HEAD on 303", method: "HEAD", path: "/near?code=303", max: 5, hops: 1, got: "HEAD /end "},
		{name: "none followed", path: "/near?code=302", max: 0, reason: HTTPStatus},
		{name: "the redirect is the answer", path: "/near?code=302", expect: "302", max: 5},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got = nil
			h := newHTTP(t, HTTPConfig{MaxRedirects: row.max})
			r := h.Check(context.Background(), Target{URL: near.URL + row.path, Method: row.method, Request: row.request, Expect: Expect{Codes: row.expect}})
			if r.Reason != row.reason || len(r.Redirects) != row.hops {
				t.Errorf("got %q (%s) after %v", r.Reason, r.Error, r.Redirects)
			}
			if want := slices.DeleteFunc([]string{row.got}, func(s string) bool { return s == "" }); !slices.Equal(got, want) {
				t.Errorf("the end was asked %q, want %q", got, want)
			}
			if row.got != "" && !strings.Contains(r.FinalURL, "/end") {
				t.Errorf("FinalURL %q", r.FinalURL)
			}
			if row.hops > 0 && r.Redirects[0].URL != near.URL+row.path {
				t.Errorf("first hop %q is not the URL that answered", r.Redirects[0].URL)
			}
		})
	}
}

func TestAutoAsksHeadThenGet(t *testing.T) {
	rows := []struct {
		name string
		head int
		body bool
		want []string
	}{
		{"HEAD will do", 200, false, []string{"HEAD"}},
		{"405", 405, false, []string{"HEAD", "GET"}},
		{"403", 403, false, []string{"HEAD", "GET"}},
		{"404", 404, false, []string{"HEAD", "GET"}},
		{"500", 500, false, []string{"HEAD", "GET"}},
		{"401 means the same for both", 401, false, []string{"HEAD"}},
		{"407", 407, false, []string{"HEAD"}},
		{"410", 410, false, []string{"HEAD"}},
		{"429", 429, false, []string{"HEAD"}},
		{"the body matters", 200, true, []string{"GET"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			site := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = append(got, r.Method)
				if r.Method == "HEAD" {
					w.WriteHeader(row.head)
				}
			})
			target := Target{URL: site.URL, Method: Auto}
			if row.body {
				target.Expect.Body = regexp.MustCompile("")
			}
			r := checkOne(t, HTTPConfig{}, target)
			if !slices.Equal(got, row.want) {
				t.Errorf("asked %v, want %v", got, row.want)
			}
			if r.Attempts != 1 {
				t.Errorf("%d attempts; the step to GET is none", r.Attempts)
			}
			if got[len(got)-1] == "GET" && r.Reason != "" {
				t.Errorf("GET's verdict is lost: %s", r.Error)
			}
		})
	}
}

func TestPhasesSumToTotalAcrossRedirects(t *testing.T) {
	site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/2", http.StatusFound)
		}
	})
	begin := time.Now()
	r := checkOne(t, HTTPConfig{MaxRedirects: 3}, get(strings.Replace(site.URL, "127.0.0.1", "localhost", 1)))
	checkSums(t, r, time.Since(begin))
	if p := r.Timing.Processing; p < 40*time.Millisecond {
		t.Errorf("processing of both hops is %s", p)
	}
	if r.Timing.Resolve == 0 || r.Timing.Connect == 0 {
		t.Errorf("%+v", r.Timing)
	}
	if r.CheckedAt.IsZero() || r.RemoteIP.String() != "127.0.0.1" || r.Protocol != "HTTP/1.1" {
		t.Errorf("%+v", r)
	}
}

func TestConnectionIsReused(t *testing.T) {
	var conns atomic.Int32
	count := func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
			if st == http.StateNew {
				conns.Add(1)
			}
		}
	}
	cert, pool := newCert(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = w.Write(make([]byte, 200<<10))
		case "/chunked":
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "b")
		case "/slow":
			w.(http.Flusher).Flush()
			<-r.Context().Done() // the rest of the body never comes
		default:
			_, _ = io.WriteString(w, "ok")
		}
	})
	for _, scheme := range []string{"http", "https", "h2"} {
		rows := []struct {
			path  string
			conns int32
		}{{"/", 1}, {"/chunked", 1}, {"/large", 3}, {"/slow", 3}}
		for _, row := range rows {
			t.Run(scheme+row.path, func(t *testing.T) {
				s := httptest.NewUnstartedServer(page)
				count(s)
				if scheme == "http" {
					s.Start()
				} else {
					s.EnableHTTP2 = scheme == "h2"
					s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
					s.StartTLS()
				}
				defer s.Close()
				conns.Store(0)
				h := newHTTP(t, HTTPConfig{TLS: &tls.Config{RootCAs: pool}})
				for i := range 3 {
					r := h.Check(context.Background(), get(s.URL+row.path))
					if r.Reason != "" {
						t.Fatal(r.Reason, r.Error)
					}
					want := i > 0 && (row.conns == 1 || scheme == "h2")
					if r.Timing.Reused != want {
						t.Errorf("check %d: reused is %t", i, r.Timing.Reused)
					}
					if (scheme == "h2") != (r.Protocol == "HTTP/2.0") {
						t.Errorf("spoke %s", r.Protocol)
					}
				}
				want := row.conns
				if scheme == "h2" {
					want = 1
				}
				if n := conns.Load(); n != want {
					t.Errorf("%d connections, want %d", n, want)
				}
			})
		}
	}
}

// TestDeadIdleConnectionIsReplaced: a server that closes between two checks
// costs no attempt and no failure.
func TestDeadIdleConnectionIsReplaced(t *testing.T) {
	var asked atomic.Int32
	addr := serveRaw(t, func(c net.Conn) {
		asked.Add(1)
		says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(c)
	})
	h := newHTTP(t, HTTPConfig{})
	for i := range 5 {
		if r := h.Check(context.Background(), get("http://"+addr)); r.Reason != "" || r.Attempts != 1 {
			t.Fatalf("check %d: %q %s", i, r.Reason, r.Error)
		}
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

// TestPostIsNotSentTwice: what a dead idle connection may have swallowed is not
// repeated when repeating may do harm.
func TestPostIsNotSentTwice(t *testing.T) {
	var asked atomic.Int32
	addr := serveRaw(t, func(c net.Conn) {
		if !readRequest(c) {
			return
		}
		asked.Add(1)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if readRequest(c) {
			asked.Add(1) // and closes without an answer
		}
	})
	h := newHTTP(t, HTTPConfig{})
	post := Target{URL: "http://" + addr, Method: "POST"}
	if r := h.Check(context.Background(), post); r.Reason != "" {
		t.Fatal(r.Error)
	}
	r := h.Check(context.Background(), post)
	if r.Reason != ConnectReset || r.Temporary || asked.Load() != 2 {
		t.Errorf("%q, temporary %t, asked %d times", r.Reason, r.Temporary, asked.Load())
	}
}

func TestIdleBudgetHolds(t *testing.T) {
	port := serveAll(t)
	h := newHTTP(t, HTTPConfig{MaxIdle: 3})
	for i := range 10 {
		if r := h.Check(context.Background(), get(fmt.Sprintf("http://127.0.1.%d:%s/", i+1, port))); r.Reason != "" {
			t.Fatal(r.Error)
		}
	}
	h.idle.mu.Lock()
	defer h.idle.mu.Unlock()
	if h.idle.weight != 3 || len(h.idle.tops) != 3 {
		t.Errorf("%d idle to %d origins, want 3", h.idle.weight, len(h.idle.tops))
	}
}

// serveAll serves an empty page on every loopback address and gives the port.
func serveAll(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestNetworkTroubleHasItsReason(t *testing.T) {
	closed := serveRaw(t, func(net.Conn) {})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	_ = l.Close()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	fakeDNS := func(addr string) *net.Resolver {
		return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "udp", addr)
			if err == nil {
				t.Cleanup(func() { _ = c.Close() }) // the resolver itself would wait on for 5 s
			}
			return c, err
		}}
	}
	rows := []struct {
		name      string
		cfg       HTTPConfig
		url       string
		reason    Reason
		temporary bool
	}{
		{"refused", HTTPConfig{}, "http://" + free, ConnectRefused, true},
		{"closed without an answer", HTTPConfig{}, "http://" + closed, ConnectReset, true},
		{"no such name", HTTPConfig{}, "http://nowhere.invalid/", DNS, false},
		{"silent resolver", HTTPConfig{ConnectTimeout: 200 * time.Millisecond, Resolver: fakeDNS(silent.LocalAddr().String())}, "http://slow.test/", DNS, true},
		{"proxy refuses", HTTPConfig{Proxy: viaProxy("http://" + free)}, "http://x.test/", ProxyFailed, true},
		{"pinned by --resolve", HTTPConfig{Resolve: map[string]string{"x.test:80": free}}, "http://x.test/", ConnectRefused, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := checkOne(t, row.cfg, get(row.url))
			if row.name == "no such name" && r.Reason == DNS {
				return // without a network the resolver may time out instead: both are dns
			}
			if r.Reason != row.reason || r.Temporary != row.temporary {
				t.Errorf("got %q, temporary %t (%s)", r.Reason, r.Temporary, r.Error)
			}
		})
	}
}

func TestCancelEndsACheckAtOnce(t *testing.T) {
	for _, row := range []struct {
		name  string
		url   string
		serve func(net.Conn)
	}{
		{"waiting for the answer", "http://", holds},
		{"waiting for the handshake", "https://", holds},
		{"reading the header", "http://", forever("HTTP/1.1 200 OK\r\n", "", 0)},
	} {
		t.Run(row.name, func(t *testing.T) {
			addr := serveRaw(t, row.serve)
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(50*time.Millisecond, cancel)
			begin := time.Now()
			r := newHTTP(t, HTTPConfig{}).Check(ctx, get(row.url+addr))
			if r.Reason != Canceled || r.Outcome != Skip {
				t.Errorf("%q (%s)", r.Reason, r.Error)
			}
			if took := time.Since(begin); took > time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestProxies(t *testing.T) {
	cert, pool := newCert(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "plain") })
	secure := serveTLS(t, cert, true, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var seen atomic.Value
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Method + " " + r.Header.Get("Proxy-Authorization"))
		if r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method == http.MethodConnect {
			far, err := net.Dial("tcp", r.Host)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			near, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
			wg.Go(func() { _, _ = io.Copy(near, far); _ = near.Close() })
			wg.Wait()
			return
		}
		if r.URL.Host == "" {
			w.WriteHeader(http.StatusBadRequest) // not in absolute form
			return
		}
		resp, err := http.Get(r.URL.String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
	via := strings.Replace(proxy.URL, "http://", "http://user:pw@", 1)
	for _, row := range []struct {
		name, proxy, url string
		reason           Reason
		seen             string
	}{
		{"plain", via, plain.URL, "", "GET Basic dXNlcjpwdw=="},
		{"tunnel", via, secure.URL, "", "CONNECT Basic dXNlcjpwdw=="},
		{"tunnel refused", proxy.URL, secure.URL, ProxyFailed, "CONNECT "},
		{"unknown scheme", "ftp://127.0.0.1", plain.URL, ProxyFailed, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			seen.Store("")
			r := checkOne(t, HTTPConfig{Proxy: viaProxy(row.proxy), TLS: &tls.Config{RootCAs: pool}}, get(row.url))
			if r.Reason != row.reason || seen.Load() != row.seen {
				t.Errorf("%q (%s); proxy saw %q", r.Reason, r.Error, seen.Load())
			}
			if strings.Contains(r.Error, "pw") {
				t.Errorf("the proxy's password is in %q", r.Error)
			}
		})
	}
}

func TestDescriptorsRunOut(t *testing.T) {
	err := fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Err: syscall.EMFILE})
	f := diagnose(context.Background(), &phaseError{phaseDial, err}, time.Second)
	if f.reason != ResourceExhausted || !strings.Contains(f.text, "--concurrency") {
		t.Errorf("%+v", f)
	}
}

func TestRequestIsWrittenSafely(t *testing.T) {
	u, _ := url.Parse("http://u:p@h.test/a%0d%0aX:1?q#f")
	r := request{method: "POST", url: u, agent: "hc", header: []Field{{"X-A", "b"}, {"content-length", "9"}}, body: "hi"}
	b, err := r.appendTo(nil, false, "")
	want := "POST /a%0d%0aX:1?q HTTP/1.1\r\nHost: h.test\r\nX-A: b\r\nUser-Agent: hc\r\nAccept: */*\r\nAuthorization: Basic dTpw\r\nContent-Length: 2\r\n\r\nhi"
	if err != nil || string(b) != want {
		t.Errorf("%v\n%q\n%q", err, b, want)
	}
	r.header = []Field{{"X", "a\r\nEvil: 1"}}
	if _, err := r.appendTo(nil, false, ""); !errors.Is(err, errBadHeader) {
		t.Errorf("a header with a line break: %v", err)
	}
}

func viaProxy(raw string) func(*url.URL) (*url.URL, error) {
	u, err := url.Parse(raw)
	return func(*url.URL) (*url.URL, error) { return u, err }
}

// TestBudgetGrowsForHostsThatReturn: a list over more hosts than the first
// budget holds is asked over kept connections once it has come round.
func TestBudgetGrowsForHostsThatReturn(t *testing.T) {
	s := newShelf(100)
	s.budget = 10
	origin := func(i int) string { return fmt.Sprintf("http://h%d.test", i) }
	near, far := net.Pipe()
	defer far.Close()
	reused := 0
	for range 5 {
		for i := range 50 {
			c := s.take(origin(i))
			if c != nil {
				reused++
			} else {
				c = &conn{Conn: near, raw: near, origin: origin(i)}
			}
			s.put(c)
		}
	}
	if s.budget < 50 || s.budget > 100 || reused < 100 {
		t.Errorf("budget %d, %d of 200 returns reused", s.budget, reused)
	}
	for i := range 1000 {
		s.put(&conn{Conn: near, raw: near, origin: fmt.Sprintf("http://once%d.test", i)})
		s.take(fmt.Sprintf("http://new%d.test", i))
	}
	if s.budget > 100 || s.weight > s.budget {
		t.Errorf("budget %d, weight %d", s.budget, s.weight)
	}
	s.close()
}

// TestHostsSeenOnceAreToldThatTheirConnectionEnds: once a whole budget of
// connections was kept for nothing, until somebody comes back.
func TestHostsSeenOnceAreToldThatTheirConnectionEnds(t *testing.T) {
	var closing atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Close {
			closing.Add(1)
		}
	}))
	defer srv.Close()
	resolve := map[string]string{}
	for i := range 100 {
		resolve[fmt.Sprintf("h%d.test:80", i)] = srv.Listener.Addr().String()
	}
	h := NewHTTP(HTTPConfig{MaxIdle: 10, Resolve: resolve})
	defer h.Close()
	ask := func(from, to, want int) {
		t.Helper()
		closing.Store(0)
		for i := from; i < to; i++ {
			if r := h.Check(t.Context(), Target{URL: fmt.Sprintf("http://h%d.test/", i)}); r.Outcome != Pass {
				t.Fatalf("h%d: %s", i, r.Error)
			}
		}
		if got := int(closing.Load()); got != want {
			t.Errorf("hosts %d to %d: %d told that it is their last request, want %d", from, to, got, want)
		}
	}
	ask(0, 20, 0)   // ten are kept, and make room for ten
	ask(20, 50, 30) // nobody came back to any
	ask(30, 31, 0)  // here is one, given up or not
	ask(50, 59, 0)
}
