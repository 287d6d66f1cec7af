package rpc

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// What a process started by spawn is to do, and where.
const (
	roleVariable    = "HC_RPC_TEST_ROLE"
	addressVariable = "HC_RPC_TEST_ADDRESS"
)

// play is a process: a worker that checks for real until it is killed, or a
// caller whose targets never answer.
func play(role string) int {
	err := fmt.Errorf("no role %q", role)
	switch role {
	case "worker":
		err = playWorker(os.Getenv(addressVariable))
	case "caller":
		err = playCaller(os.Getenv(addressVariable))
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func playWorker(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	http := check.NewHTTP(check.HTTPConfig{})
	s, err := NewServer(pool.New(http, pool.Config{PerHost: 256}), ServerConfig{Name: l.Addr().String()})
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return s.Serve(l)
}

func playCaller(address string) error {
	c, err := NewClient(ClientConfig{Workers: []string{address}})
	if err != nil {
		return err
	}
	fmt.Println("calling")
	for range c.Run(context.Background(), checktest.Targets(1000, 1000)) {
	}
	return c.Close()
}

// A process is this test's binary in another role.
type process struct {
	*exec.Cmd
	said string // its first line
	gone func() error
}

func spawn(t *testing.T, role, address string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, addressVariable+"="+address)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: cmd, gone: sync.OnceValue(cmd.Wait)}
	t.Cleanup(func() { p.kill() })
	if p.said, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	p.said = strings.TrimSpace(p.said)
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.gone()
}

// A site counts the requests for each of its pages.
type site struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string]int
	open atomic.Int64
}

func newSite(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *site {
	s := &site{hits: make(map[string]int)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.hits[r.URL.Path]++
		s.mu.Unlock()
		s.open.Add(1)
		defer s.open.Add(-1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// most is how often the page was asked for that was asked for most.
func (s *site) most() (most, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.hits {
		most, total = max(most, n), total+n
	}
	return most, total
}

func (s *site) targets(n int, timeout time.Duration) []check.Target {
	var ts []check.Target
	for i := range n {
		url := fmt.Sprintf("%s/%d", s.URL, i)
		ts = append(ts, check.Target{Seq: int64(i), Input: url, URL: url, Timeout: timeout})
	}
	return ts
}

// takes is a page that takes a while.
func takes(d time.Duration) func(http.ResponseWriter, *http.Request) {
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}
}

func allPass(t *testing.T, rs []check.Result) {
	t.Helper()
	for _, r := range rs {
		if r.Outcome != check.Pass {
			t.Errorf("target %d: %s %q %s", r.Target.Seq, r.Outcome, r.Reason, r.Error)
			return
		}
	}
}

// Fault 9.
func TestWorkerKilledMidBatchCostsNoResult(t *testing.T) {
	site := newSite(t, takes(20*time.Millisecond))
	a, b := spawn(t, "worker", "127.0.0.1:0"), spawn(t, "worker", "127.0.0.1:0")
	c := connect(t, ClientConfig{Workers: []string{a.said, b.said}})
	ts := site.targets(2000, 10*time.Second)
	var got []check.Result
	for r := range c.Run(t.Context(), slices.Values(ts)) {
		if got = append(got, r); len(got) == 300 {
			a.kill()
		}
	}
	collect(t, slices.Values(got), len(ts))
	allPass(t, got)
	most, total := site.most()
	if most > 2 {
		t.Errorf("a page was asked for %d times", most)
	}
	t.Logf("%d requests for %d pages", total, len(ts))
}

// Faults 9 and 10: nobody is left, and then somebody is again.
func TestAllWorkersKilledEndsAsWorkerLost(t *testing.T) {
	site := newSite(t, takes(20*time.Millisecond))
	a := spawn(t, "worker", "127.0.0.1:0")
	c := connect(t, ClientConfig{Workers: []string{a.said}, Patience: time.Second})
	ts := site.targets(1000, 10*time.Second)
	var got []check.Result
	var killed time.Time
	for r := range c.Run(t.Context(), slices.Values(ts)) {
		if got = append(got, r); len(got) == 100 {
			a.kill()
			killed = time.Now()
		}
	}
	if took := time.Since(killed); took > 5*time.Second {
		t.Errorf("it took %v to give up", took)
	}
	collect(t, slices.Values(got), len(ts))
	n := reasons(got)
	if n[""] < 100 || n[check.WorkerLost] < 100 || n[""]+n[check.WorkerLost] != len(ts) {
		t.Errorf("results by reason: %v", n)
	}
	for _, r := range got {
		if r.Reason == check.WorkerLost && r.Outcome != check.Fail {
			t.Fatalf("worker_lost is %s", r.Outcome)
		}
	}

	begin := time.Now()
	if n := reasons(run(t, c, site.targets(100, 0))); n[check.WorkerLost] != 100 {
		t.Errorf("results by reason with nobody there: %v", n)
	}
	if c.Ready() || c.Reachable(t.Context(), time.Second) {
		t.Error("a worker is said to be there")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("that nobody is there is known, and took %v to say", took)
	}

	b := spawn(t, "worker", a.said)
	begin = time.Now()
	eventually(t, 3*time.Second, "the worker is back", c.Ready)
	t.Logf("back after %v", time.Since(begin))
	allPass(t, run(t, c, site.targets(100, 0)))
	b.kill()
}

// Fault 11: what stops silently is found out by keepalive.
func TestSilentWorkerIsLeftWithin13Seconds(t *testing.T) {
	t.Parallel()
	site := newSite(t, takes(200*time.Millisecond))
	a, b := spawn(t, "worker", "127.0.0.1:0"), spawn(t, "worker", "127.0.0.1:0")
	c := connect(t, ClientConfig{Workers: []string{a.said, b.said}})
	ts := site.targets(2000, 30*time.Second)
	var got []check.Result
	var stopped time.Time
	for r := range c.Run(t.Context(), slices.Values(ts)) {
		if got = append(got, r); len(got) == 50 {
			if err := a.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			stopped = time.Now()
		}
	}
	took := time.Since(stopped)
	t.Logf("all answered %v after the worker had stopped", took)
	if took < 5*time.Second || took > 20*time.Second { // 13 s, then its share is checked, on a machine that others use
		t.Error("either it held nothing, or it was left too late")
	}
	collect(t, slices.Values(got), len(ts))
	allPass(t, got)
	if most, _ := site.most(); most > 2 {
		t.Errorf("a page was asked for %d times", most)
	}
	begin := time.Now()
	allPass(t, run(t, c, site.targets(500, 10*time.Second)))
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("with the silent worker known, 500 pages took %v", took)
	}
}

// Fault 14.
func TestKilledCallerStopsItsChecks(t *testing.T) {
	fake := &checktest.Fake{Answer: checktest.Hang}
	w := start(t, pool.New(fake, pool.Config{Concurrency: 1000, PerHost: 1000}), ServerConfig{})
	caller := spawn(t, "caller", w.address)
	eventually(t, 10*time.Second, "1000 checks are under way", func() bool { return fake.InFlight() == 1000 })
	caller.kill()
	begin := time.Now()
	eventually(t, 5*time.Second, "no check is under way", func() bool { return fake.InFlight() == 0 })
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
