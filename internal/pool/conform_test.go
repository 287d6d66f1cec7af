package pool

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// runnerFunc makes a function a Runner.
type runnerFunc func(context.Context, iter.Seq[check.Target]) iter.Seq[check.Result]

func (f runnerFunc) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return f(ctx, ts)
}

func TestRunnersConform(t *testing.T) {
	for _, tt := range []struct {
		name string
		checktest.Suite
	}{
		{"pool", checktest.Suite{
			Make:      func(c check.Checker) check.Runner { return New(c, Config{}) },
			ReadAhead: 4*256 + 4096,
		}},
		{"small pool", checktest.Suite{
			Make:      func(c check.Checker) check.Runner { return New(c, Config{Concurrency: 2, PerHost: 1, Window: 8}) },
			ReadAhead: 8,
		}},
		{"pool with rates", checktest.Suite{
			Make: func(c check.Checker) check.Runner {
				return New(c, Config{Rate: 100_000, HostRate: 10_000})
			},
		}},
		{"pool that others use too", checktest.Suite{
			Make: func(c check.Checker) check.Runner { return shared(c) },
		}},
		{"pool over the checkers it is made for", checktest.Suite{
			Make: func(c check.Checker) check.Runner {
				return New(check.Flight(check.Retry(c, check.RetryConfig{Max: 1})), Config{})
			},
		}},
		{"ordered pool", checktest.Suite{
			Make:      func(c check.Checker) check.Runner { return Ordered(New(c, Config{}), 64) },
			ReadAhead: 64 + 1,
			Ordered:   true,
		}},
		{"windowed", checktest.Suite{
			Make: func(c check.Checker) check.Runner {
				p := New(c, Config{})
				return runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
					return Windowed(ctx, 100, 16, time.Millisecond, ts, parts(1, func(ctx context.Context, group []check.Target) iter.Seq[check.Result] {
						return p.Run(ctx, slices.Values(group))
					}))
				})
			},
			ReadAhead: 100,
		}},
		{"detour", checktest.Suite{
			Make: func(c check.Checker) check.Runner {
				p := New(c, Config{Window: 200})
				return runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
					return Detour(ctx, 2, 16, time.Millisecond, ts, odd(p), p.Run)
				})
			},
			ReadAhead: 200 + (2+2)*16 + 1,
		}},
	} {
		t.Run(tt.name, tt.Run)
	}
}

// shared is a Pool on which another Run is busy whenever one is.
func shared(c check.Checker) check.Runner {
	p := New(check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
		if t.Tags != nil {
			return checktest.Pass(t)
		}
		return c.Check(ctx, t)
	}), Config{Concurrency: 8})
	other := func(yield func(check.Target) bool) {
		for t := range checktest.Targets(-1, 10) {
			t.Tags = []string{"of another Run"}
			if !yield(t) {
				return
			}
		}
	}
	return runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
		return func(yield func(check.Result) bool) {
			var others sync.WaitGroup
			defer others.Wait()
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			others.Go(func() {
				for range p.Run(ctx, other) {
				}
			})
			p.Run(ctx, ts)(yield)
		}
	})
}

// odd is a look that answers every other target, as a cache might.
func odd(r check.Runner) func(context.Context, []check.Target) (done []check.Result, rest []check.Target) {
	return func(ctx context.Context, group []check.Target) (done []check.Result, rest []check.Target) {
		var found []check.Target
		for _, t := range group {
			if t.Seq%2 == 1 {
				found = append(found, t)
			} else {
				rest = append(rest, t)
			}
		}
		return slices.Collect(r.Run(ctx, slices.Values(found))), rest
	}
}
