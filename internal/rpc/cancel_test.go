package rpc

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// Fault 15, as far as it is of the wire.
func TestCallerThatLeavesStopsItsChecks(t *testing.T) {
	hang := &checktest.Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
		if strings.HasSuffix(t.URL, "/0") {
			return checktest.Pass(t)
		}
		return checktest.Hang(ctx, t)
	}}
	w := start(t, engine(hang), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	for name, leave := range map[string]func(cancel func()) bool{
		"by a break":      func(func()) bool { return false },
		"as its ctx ends": func(cancel func()) bool { cancel(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for r := range c.Run(ctx, checktest.Targets(300, 300)) {
				if r.Reason == check.Canceled {
					continue
				}
				eventually(t, 5*time.Second, "checks are under way", func() bool { return hang.InFlight() >= 290 })
				if !leave(cancel) {
					break
				}
			}
			begin := time.Now()
			eventually(t, 5*time.Second, "no check is under way", func() bool { return hang.InFlight() == 0 })
			if took := time.Since(begin); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Runs that come at the same time share calls; that one leaves is nothing to the
// others.
func TestRunsThatShareACallLeaveItAlone(t *testing.T) {
	const runs = 8 // of each kind
	release := make(chan struct{})
	fake := &checktest.Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
		select {
		case <-ctx.Done():
			return check.Failed(t, check.Canceled, "cut off")
		case <-release:
			return checktest.Pass(t)
		}
	}}
	var calls atomic.Int32
	w := start(t, engine(fake), ServerConfig{Observe: Observer{Started: func(_, service, _ string) {
		if service == "hc.v1.Checker" {
			calls.Add(1)
		}
	}}})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	leaving, leave := context.WithCancel(t.Context())
	defer leave()
	var running sync.WaitGroup
	for _, kind := range []struct {
		ctx  context.Context
		want check.Reason
	}{{leaving, check.Canceled}, {t.Context(), ""}} {
		for range runs {
			running.Go(func() {
				for r := range c.Run(kind.ctx, checktest.Targets(1, 1)) {
					if r.Reason != kind.want {
						t.Errorf("%q, want %q", r.Reason, kind.want)
					}
				}
			})
		}
	}
	eventually(t, 5*time.Second, "all checks are under way", func() bool { return fake.InFlight() == 2*runs })
	leave()
	eventually(t, 5*time.Second, "half of them are cut off", func() bool { return fake.InFlight() == runs })
	close(release)
	running.Wait()
	if n := calls.Load(); n > runs {
		t.Errorf("%d calls for %d Runs that came at once", n, 2*runs)
	}
}

func TestDeadlineTravels(t *testing.T) {
	var left atomic.Int64
	w := start(t, runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
		return func(func(check.Result) bool) {
			deadline, _ := ctx.Deadline()
			left.Store(int64(time.Until(deadline)))
		}
	}), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range c.Run(ctx, checktest.Targets(1, 1)) {
	}
	if left := time.Duration(left.Load()); left <= 30*time.Second || left > time.Minute {
		t.Errorf("the worker has %v of a minute", left)
	}
}

// A target that takes all its time is a result like any other, and holds up
// nobody: with a whole window of others behind it they pass in time.
func TestSlowTargetHoldsUpItselfOnly(t *testing.T) {
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/7" {
			<-r.Context().Done()
		}
	})
	w := start(t, engine(check.NewHTTP(check.HTTPConfig{})), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}, Window: 128})
	begin := time.Now()
	ts := site.targets(1000, 2*time.Second)
	var others time.Duration
	n := 0
	for r := range c.Run(t.Context(), slices.Values(ts)) {
		switch n++; {
		case r.Target.Seq == 7:
			if r.Reason != check.Timeout || n != len(ts) {
				t.Errorf("the slow one is result %d: %q %s", n, r.Reason, r.Error)
			}
		case r.Outcome != check.Pass:
			t.Errorf("target %d: %q %s", r.Target.Seq, r.Reason, r.Error)
		default:
			others = time.Since(begin)
		}
	}
	if n != len(ts) {
		t.Errorf("%d results", n)
	}
	if others > 1500*time.Millisecond {
		t.Errorf("the others took %v", others)
	}
}
