package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// pipes is a listener whose connections are pipes, so that a server runs on
// synctest's clock. A write to a pipe waits for its reader.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// TestHostileCallersAreLetGo is row 22 of the fault matrix, on synctest's clock:
// whoever sends or reads too slowly loses the connection when it is stated, and
// nothing of it is left (the bubble ends only when all goroutines have).
func TestHostileCallersAreLetGo(t *testing.T) {
	request := func(n int) string {
		body := urls(n)
		return fmt.Sprintf("POST /check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	const announce = "POST /check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	for _, row := range []struct {
		name   string
		drip   string // sent byte by byte, one a second
		first  string // sent before
		within time.Duration
		answer string // what the end of the connection is preceded by
	}{
		{name: "says nothing", within: 6 * time.Second},
		{name: "header drip", first: "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", drip: strings.Repeat("x", 100), within: 6 * time.Second},
		{name: "body drip", first: announce, drip: strings.Repeat("x", 100), within: 17 * time.Second, answer: "HTTP/1.1 408 "},
		{name: "no body", first: announce, within: 17 * time.Second, answer: "HTTP/1.1 408 "},
		{name: "idle afterwards", first: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", within: 62 * time.Second, answer: "HTTP/1.1 200 "},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer servePipes(t, passing())(func(ln *pipes) {
					conn := ln.dial()
					defer conn.Close()
					began := time.Now()
					var writer sync.WaitGroup
					defer writer.Wait()
					writer.Go(func() {
						_, err := io.WriteString(conn, row.first)
						for i := 0; err == nil && i < len(row.drip); i++ {
							time.Sleep(time.Second)
							_, err = io.WriteString(conn, row.drip[i:i+1])
						}
					})
					b, _ := io.ReadAll(conn)
					if took := time.Since(began); took > row.within {
						t.Errorf("let go after %v, want %v at most", took, row.within)
					}
					if !strings.HasPrefix(string(b), row.answer) || row.answer == "" && len(b) > 0 {
						t.Errorf("answered with %q", b)
					}
				})()
			})
		})
	}

	t.Run("never reads the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := &checktest.Fake{Answer: func(ctx context.Context, target check.Target) check.Result {
				if target.Seq < 50 {
					return checktest.Pass(target)
				}
				return checktest.Hang(ctx, target)
			}}
			defer servePipes(t, pool.New(fake, pool.Config{}))(func(ln *pipes) {
				conn := ln.dial()
				defer conn.Close()
				if _, err := io.WriteString(conn, request(100)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(14 * time.Second)
				synctest.Wait()
				if n := fake.InFlight(); n != 50 {
					t.Errorf("%d checks run, want 50", n)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if n := fake.InFlight(); n != 0 {
					t.Errorf("%d checks still run", n)
				}
			})()
		})
	})

	t.Run("reads a long answer in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			defer servePipes(t, pool.New(&checktest.Fake{Takes: 50 * time.Second}, pool.Config{Concurrency: 2}))(func(ln *pipes) {
				conn := ln.dial()
				defer conn.Close()
				if _, err := io.WriteString(conn, request(6)); err != nil {
					t.Fatal(err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body) // 150 s, far beyond the server's own 30 s
				if n := strings.Count(string(b), "\n"); err != nil || n != 7 {
					t.Errorf("%d lines, %v", n, err)
				}
				// and the connection serves on
				if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 200") {
					t.Errorf("afterwards: %q %v", line, err)
				}
			})()
		})
	})
}

// servePipes serves a Gateway on pipes while f runs.
func servePipes(t *testing.T, r check.Runner) func(f func(*pipes)) func() {
	return func(f func(*pipes)) func() {
		return func() {
			ln := newPipes()
			ctx, stop := context.WithCancel(context.Background())
			served := make(chan error, 1)
			go func() { served <- Serve(ctx, NewServer(New(Config{Runner: r}), nil), ln, Drain{Timeout: time.Hour}) }()
			f(ln)
			stop()
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
	}
}

// TestHeadersHaveALimit: what net/http refuses and what the Gateway does.
func TestHeadersHaveALimit(t *testing.T) {
	s := serve(t, Config{})
	for size, code := range map[int]int{15 << 10: 200, 17 << 10: 431, 64 << 10: 431, 1 << 20: 431} {
		conn := dial(t, s)
		go fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", size))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%d bytes: %v", size, err)
			continue
		}
		if resp.StatusCode != code {
			t.Errorf("%d bytes: status %d, want %d", size, resp.StatusCode, code)
		}
		resp.Body.Close()
	}
}

// TestDrainLosesNoRequest is the recipe of [Drain], step by step.
func TestDrainLosesNoRequest(t *testing.T) {
	release := make(chan struct{})
	fake := &checktest.Fake{Answer: held(release)}
	gw := New(Config{Runner: pool.New(fake, pool.Config{})})
	ln := listen(t)
	ctx, sigterm := context.WithCancel(t.Context())
	served := make(chan error, 1)
	const delay = time.Second
	go func() {
		served <- Serve(ctx, NewServer(gw, nil), ln, Drain{NotReady: gw.Drain, Delay: delay, Timeout: patience})
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	s := &site{t, gw, "http://" + ln.Addr().String(), &http.Client{Transport: transport}}

	running := make(chan got, 1)
	go func() { running <- s.post(urls(3)) }()
	eventually(t, "a batch runs", func() bool { return fake.InFlight() == 3 })
	if g := s.do("GET", "/readyz", ""); g.code != 200 {
		t.Errorf("readyz %d before", g.code)
	}

	sigterm()
	began := time.Now()
	eventually(t, "not ready", func() bool { return s.do("GET", "/readyz", "").code == 503 })
	if g := s.post(`{"urls":["bad url"]}`); g.code != 200 || !g.last {
		t.Errorf("during the delay: status %d, and the connection stays: %v", g.code, !g.last)
	}
	eventually(t, "no new connections", func() bool {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if took := time.Since(began); took < delay {
		t.Errorf("it stopped to serve after %v, want %v", took, delay)
	}
	close(release)
	if g := <-running; g.code != 200 || strings.Count(g.body, `"outcome":"pass"`) != 3 {
		t.Errorf("the running batch: %d %s", g.code, g.body)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// TestDrainCutsOffWhatTakesTooLong: every item of a batch that is cut off is
// answered, as canceled.
func TestDrainCutsOffWhatTakesTooLong(t *testing.T) {
	fake := &checktest.Fake{Answer: checktest.Hang}
	gw := New(Config{Runner: pool.New(fake, pool.Config{Concurrency: 2})})
	ln := listen(t)
	ctx, sigterm := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, NewServer(gw, nil), ln, Drain{Timeout: 50 * time.Millisecond})
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	s := &site{t, gw, "http://" + ln.Addr().String(), &http.Client{Transport: transport}}
	running := make(chan got, 1)
	go func() { running <- s.post(urls(5)) }()
	eventually(t, "a batch runs", func() bool { return fake.InFlight() == 2 })
	sigterm()
	results, sum := answerOf(t, <-running)
	for _, r := range results {
		if r.Outcome != check.Skip || r.Reason != check.Canceled {
			t.Errorf("%s: %s %s", r.Target.Input, r.Outcome, r.Reason)
		}
	}
	if len(results) != 5 || sum.Skip != 5 || sum.ExitCode != 4 {
		t.Errorf("%d results, summary %+v", len(results), sum)
	}
	if err := <-served; !errors.Is(err, ErrCutOff) {
		t.Errorf("Serve: %v, want %v", err, ErrCutOff)
	}
}

// TestServeSaysWhatFailed: a listener that is gone ends it.
func TestServeSaysWhatFailed(t *testing.T) {
	ln := listen(t)
	ln.Close()
	err := Serve(t.Context(), NewServer(New(Config{Runner: passing()}), nil), ln, Drain{})
	if err == nil || !strings.Contains(err.Error(), "serving on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

// TestAdminHasMetricsAndProfiles, and nothing of the public port.
func TestAdminHasMetricsAndProfiles(t *testing.T) {
	admin := NewAdmin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hc_build_info 1") }))
	gw := New(Config{Runner: passing()})
	s := serveWith(t, gw, NewServer(admin, nil))
	for path, want := range map[string]int{
		"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 200, "/debug/pprof/symbol": 200,
		"/": 404, "/check": 404,
	} {
		if g := s.do("GET", path, ""); g.code != want {
			t.Errorf("%s: status %d, want %d", path, g.code, want)
		}
	}
}
