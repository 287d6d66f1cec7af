package rpc

import (
	"context"
	"fmt"
	"iter"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// TestMain is also what runs as a worker, or as a caller, in a process of its
// own; see process_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

// A worker is a Server of this process.
type worker struct {
	*Server
	address string
	served  chan error // what Serve returned, once
}

// start serves r on a free port until the test ends.
func start(tb testing.TB, r check.Runner, cfg ServerConfig) *worker {
	tb.Helper()
	return startAt(tb, "127.0.0.1:0", r, cfg)
}

func startAt(tb testing.TB, address string, r check.Runner, cfg ServerConfig) *worker {
	tb.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	return startOn(tb, l, r, cfg)
}

func startOn(tb testing.TB, l net.Listener, r check.Runner, cfg ServerConfig) *worker {
	tb.Helper()
	s, err := NewServer(r, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	w := &worker{s, l.Addr().String(), make(chan error, 1)}
	go func() { w.served <- s.Serve(l) }()
	tb.Cleanup(w.stop)
	return w
}

// stop ends at once what is under way. It may be called again.
func (w *worker) stop() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.Shutdown(ended)
	if err := <-w.served; err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
	}
	w.served <- nil
}

// connect gives a Client that has a worker.
func connect(tb testing.TB, cfg ClientConfig) *Client {
	tb.Helper()
	c, err := NewClient(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	if !c.Reachable(tb.Context(), 5*time.Second) {
		tb.Fatal("no worker could be reached")
	}
	return c
}

// arrivals counts the connections of clients to workers.
type arrivals struct{ n atomic.Int32 }

func (a *arrivals) observer() Observer {
	return Observer{Started: func(_, _, method string) {
		if method == "Watch" { // of the worker's health, as each connection begins
			a.n.Add(1)
		}
	}}
}

func (a *arrivals) await(tb testing.TB, n int) {
	tb.Helper()
	eventually(tb, 5*time.Second, fmt.Sprintf("%d connections", n), func() bool { return int(a.n.Load()) >= n })
}

// targets gives n targets for checks that do not dial.
func targets(n int) []check.Target {
	return slices.Collect(checktest.Targets(n, max(n/10, 1)))
}

// run collects the results of a Run, and fails where they are not one for each
// target.
func run(tb testing.TB, r check.Runner, ts []check.Target) []check.Result {
	tb.Helper()
	return collect(tb, r.Run(tb.Context(), slices.Values(ts)), len(ts))
}

func collect(tb testing.TB, results iter.Seq[check.Result], n int) []check.Result {
	tb.Helper()
	seen := make(map[int64]bool)
	var got []check.Result
	for r := range results {
		if seen[r.Target.Seq] {
			tb.Errorf("a second result for target %d", r.Target.Seq)
		}
		seen[r.Target.Seq] = true
		got = append(got, r)
	}
	if len(got) != n {
		tb.Errorf("%d results, want %d", len(got), n)
	}
	return got
}

// reasons counts results by reason.
func reasons(rs []check.Result) map[check.Reason]int {
	n := make(map[check.Reason]int)
	for _, r := range rs {
		n[r.Reason]++
	}
	return n
}

// eventually polls until ok.
func eventually(tb testing.TB, within time.Duration, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("not within %v: %s", within, what)
		}
	}
}

// runnerFunc makes a function a Runner.
type runnerFunc func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result]

func (f runnerFunc) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return f(ctx, ts)
}

func engine(c check.Checker) check.Runner {
	return pool.New(c, pool.Config{Concurrency: 512, PerHost: 512})
}
