package check

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestEqualTargetsShareOneCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		f := Flight(CheckerFunc(func(_ context.Context, t Target) Result {
			asked.Add(1)
			time.Sleep(time.Second)
			return Result{Target: t, StatusCode: 200}
		}))
		var wg sync.WaitGroup
		for i := range 128 {
			wg.Go(func() {
				want := Target{Seq: int64(i), URL: "http://x.test/", Input: fmt.Sprint(i)}
				if r := f.Check(context.Background(), want); r.StatusCode != 200 || r.Target.Seq != want.Seq || r.Target.Input != want.Input {
					t.Errorf("%+v", r)
				}
			})
		}
		wg.Go(func() { f.Check(context.Background(), Target{URL: "http://y.test/"}) })
		wg.Wait()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times for two different targets", n)
		}
	})
}

// TestFirstCallersCancelDoesNotFailTheRest has 100 waiters, of
// which the first cancels: 99 succeed, by one request.
func TestFirstCallersCancelDoesNotFailTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, passed atomic.Int32
		f := Flight(CheckerFunc(func(ctx context.Context, t Target) Result {
			asked.Add(1)
			select {
			case <-time.After(time.Second):
				return Result{Target: t, Outcome: Pass}
			case <-ctx.Done():
				return Failed(t, Canceled, "canceled")
			}
		}))
		first, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if r := f.Check(first, get("http://x.test/")); r.Reason != Canceled {
				t.Errorf("the caller that left got %q", r.Reason)
			}
		})
		synctest.Wait()
		for range 99 {
			wg.Go(func() {
				if f.Check(context.Background(), get("http://x.test/")).Outcome == Pass {
					passed.Add(1)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if asked.Load() != 1 || passed.Load() != 99 {
			t.Errorf("asked %d times, %d of 99 passed", asked.Load(), passed.Load())
		}
	})
}

func TestCheckNobodyWaitsForIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stopped atomic.Bool
		f := Flight(CheckerFunc(func(ctx context.Context, t Target) Result {
			<-ctx.Done()
			stopped.Store(true)
			return Failed(t, Canceled, "canceled")
		}))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { f.Check(ctx, get("http://x.test/")) })
		}
		wg.Wait()
		if !stopped.Load() {
			t.Error("the check outlived its callers")
		}
	})
}

func TestFreshTargetJoinsNothingBegunBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		f := Flight(CheckerFunc(func(_ context.Context, t Target) Result {
			n := asked.Add(1)
			time.Sleep(time.Second)
			return Result{Target: t, StatusCode: int(n)}
		}))
		var wg sync.WaitGroup
		wg.Go(func() { f.Check(context.Background(), get("http://x.test/")) })
		synctest.Wait()
		fresh := get("http://x.test/")
		fresh.Fresh = true
		wg.Go(func() {
			if r := f.Check(context.Background(), fresh); r.StatusCode != 2 {
				t.Errorf("joined check %d", r.StatusCode)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if r := f.Check(context.Background(), get("http://x.test/")); r.StatusCode != 2 {
				t.Errorf("an ordinary target joins the newest check, got %d", r.StatusCode)
			}
		})
		wg.Wait()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestPanicIsThatTargetsInternal(t *testing.T) {
	f := Flight(CheckerFunc(func(context.Context, Target) Result { panic("boom https://u:secret@x.test/") }))
	r := f.Check(context.Background(), get("http://x.test/"))
	if r.Reason != Internal || r.Outcome != Fail {
		t.Errorf("%+v", r)
	}
	if got := r.Error; !strings.Contains(got, "boom") || strings.Contains(got, "secret") {
		t.Errorf("%q", got)
	}
}

func BenchmarkFlight(b *testing.B) {
	f := Flight(CheckerFunc(func(_ context.Context, t Target) Result { return Result{Target: t} }))
	ctx := b.Context()
	t := get("http://x.test/")
	b.ReportAllocs()
	for b.Loop() {
		f.Check(ctx, t)
	}
}
