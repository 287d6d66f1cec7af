package rpc

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// Fault 12: each of three workers is drained and replaced while callers keep
// asking. A target may be handed back, but nobody notices.
func TestRollingDrainUnderLoadCostsNothing(t *testing.T) {
	fake := &checktest.Fake{Takes: 5 * time.Millisecond}
	var workers []*worker
	var addresses []string
	for range 3 {
		w := start(t, engine(fake), ServerConfig{})
		workers, addresses = append(workers, w), append(addresses, w.address)
	}
	c := connect(t, ClientConfig{Workers: addresses})

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var sent, answered atomic.Int64
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			ts := targets(1 + i*i*4) // 1 to 197
			for ctx.Err() == nil {
				sent.Add(int64(len(ts)))
				for r := range c.Run(t.Context(), slices.Values(ts)) {
					answered.Add(1)
					if r.Outcome != check.Pass {
						t.Errorf("%s %q %s", r.Outcome, r.Reason, r.Error)
					}
				}
			}
		})
	}
	for range 2 {
		for i, w := range workers {
			w.SetServing(false)
			time.Sleep(300 * time.Millisecond) // as the drain delay
			patience, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			begin := time.Now()
			if err := w.Shutdown(patience); err != nil {
				t.Errorf("worker %d did not get to its end: %v", i, err)
			}
			cancel()
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("worker %d took %v to finish", i, took)
			}
			w.stop()
			workers[i] = startAt(t, w.address, engine(fake), ServerConfig{})
			time.Sleep(300 * time.Millisecond)
		}
	}
	stop()
	callers.Wait()
	if sent.Load() != answered.Load() {
		t.Errorf("%d targets, %d results", sent.Load(), answered.Load())
	}
	if n := fake.InFlight(); n != 0 {
		t.Errorf("%d checks are under way", n)
	}
	t.Logf("%d targets", sent.Load())
}

// A worker that has its last batches and no other to go to: what comes late is
// handed back, what was there is finished.
func TestDrainingWorkerFinishesWhatItHasAndTakesNoMore(t *testing.T) {
	release := make(chan struct{})
	fake := &checktest.Fake{Answer: func(_ context.Context, t check.Target) check.Result {
		<-release
		return checktest.Pass(t)
	}}
	w := start(t, engine(fake), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}, Patience: time.Second})

	early := make(chan []check.Result)
	go func() { early <- run(t, c, targets(10)) }()
	eventually(t, 5*time.Second, "10 checks are under way", func() bool { return fake.InFlight() == 10 })

	// The same call is still open for more.
	w.checker.draining.Store(true)
	if n := reasons(run(t, c, targets(5))); n[check.WorkerLost] != 5 {
		t.Errorf("what came late, by reason: %v", n)
	}
	done := make(chan error)
	go func() { done <- w.Shutdown(t.Context()) }()
	select {
	case <-done:
		t.Error("Shutdown did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	allPass(t, <-early)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := fake.Calls(); n != 10 {
		t.Errorf("%d checks, want 10: what is handed back is not asked", n)
	}
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	fake := &checktest.Fake{Answer: checktest.Hang}
	w := start(t, engine(fake), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}, Patience: 100 * time.Millisecond})
	got := make(chan []check.Result)
	go func() { got <- run(t, c, targets(10)) }()
	eventually(t, 5*time.Second, "10 checks are under way", func() bool { return fake.InFlight() == 10 })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := w.Shutdown(ctx); err == nil {
		t.Error("Shutdown says that all was done")
	}
	if n := fake.InFlight(); n != 0 {
		t.Errorf("%d checks are under way", n)
	}
	if n := reasons(<-got); n[check.WorkerLost] != 10 {
		t.Errorf("results by reason: %v", n)
	}
}

func TestHealthIsThatOfTheServer(t *testing.T) {
	w := start(t, engine(&checktest.Fake{}), ServerConfig{})
	conn, err := grpc.NewClient(w.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	for _, serving := range []bool{true, false, true} {
		w.SetServing(serving)
		want := healthpb.HealthCheckResponse_NOT_SERVING
		if serving {
			want = healthpb.HealthCheckResponse_SERVING
		}
		for _, service := range []string{"", "hc.v1.Checker"} {
			got, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil || got.Status != want {
				t.Errorf("serving %v: %q is %v, %v", serving, service, got.GetStatus(), err)
			}
		}
		eventually(t, 5*time.Second, "the client sees it", func() bool { return c.Ready() == serving })
	}
}

func TestHealthyAsksOnce(t *testing.T) {
	w := start(t, engine(&checktest.Fake{}), ServerConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, service := range []string{"", "hc.v1.Checker"} {
		if err := Healthy(ctx, w.address, service, TLSFiles{}); err != nil {
			t.Errorf("%q: %v", service, err)
		}
	}
	if err := Healthy(ctx, w.address, "other", TLSFiles{}); err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("a service that is none: %v", err)
	}
	w.SetServing(false)
	if err := Healthy(ctx, w.address, "", TLSFiles{}); err == nil || !strings.Contains(err.Error(), "NOT_SERVING") {
		t.Errorf("while draining: %v", err)
	}
	w.stop()
	if err := Healthy(ctx, w.address, "", TLSFiles{}); err == nil {
		t.Error("with nobody there: well")
	}
}
