package pool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// waiting is a gauge whose checks of target 0 wait d between two attempts.
func waiting(g *gauge, d time.Duration, throttled bool) check.CheckerFunc {
	return func(ctx context.Context, t check.Target) check.Result {
		r := g.Check(ctx, t)
		if t.Seq != 0 {
			return r
		}
		if err := check.Wait(ctx, d, throttled); err != nil {
			return check.Failed(t, check.ConnectRefused, err.Error())
		}
		return g.Check(ctx, t)
	}
}

func TestCheckThatWaitsLendsItsPlace(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
	}{
		{"its slot", Config{Concurrency: 1}},
		{"its host's turn", Config{PerHost: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGauge(time.Second)
				begin := time.Now()
				var order []int64
				for r := range New(waiting(g, 2500*time.Millisecond, false), tt.cfg).Run(t.Context(), slices.Values(list(6, "a"))) {
					order = append(order, r.Target.Seq)
				}
				// Back after 3.5 s, it is next, before those that have not begun.
				if want := []int64{1, 2, 3, 0, 4, 5}; !slices.Equal(order, want) {
					t.Errorf("order %v, want %v", order, want)
				}
				if took := time.Since(begin); took != 7*time.Second || g.most[""] != 1 {
					t.Errorf("seven attempts of 1 s took %v, %d at once", took, g.most[""])
				}
			})
		})
	}
}

func TestThrottledWaitPausesTheHostForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(time.Second)
		p := New(waiting(g, 10*time.Second, true), Config{PerHost: 1})
		var other sync.WaitGroup
		other.Go(func() {
			time.Sleep(1500 * time.Millisecond)
			begin := time.Now()
			collect(t, p, list(2, "b")[1:])
			if took := time.Since(begin); took != time.Second {
				t.Errorf("another host took %v", took)
			}
			time.Sleep(time.Second)
			collect(t, p, list(2, "a")[1:])
			if took := time.Since(begin); took < 10*time.Second {
				t.Errorf("a second Run was answered %v after the pause began", took)
			}
		})
		begin := time.Now()
		collect(t, p, list(2, "a"))
		other.Wait()
		if began := g.begins[2].Sub(begin); g.began[2] != "a" && began != 11*time.Second {
			t.Errorf("began %v at %v", g.began, g.begins)
		}
	})
}

func TestWaitOfAGivenUpHostEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
			// Three have begun before the first pauses the host.
			d := time.Second
			switch time.Sleep(time.Millisecond); t.Seq {
			case 1:
				d = time.Minute
			case 2:
				d = time.Minute
				time.Sleep(time.Millisecond)
			}
			for n := 1; ; n++ {
				if err := check.Wait(ctx, d, t.Seq < 2); err != nil {
					r := limit(t, 0)
					r.Error = fmt.Sprintf("attempt %d: %v", n, err)
					return r
				}
			}
		})
		begin := time.Now()
		rs := collect(t, New(c, Config{PerHost: 3}), list(10, "a"))
		// Targets 0 and 1 pause the host for a minute, 2 waits for another reason.
		// Then one of them probes, and is throttled again.
		if took := time.Since(begin); took != time.Minute+time.Millisecond {
			t.Errorf("took %v", took)
		}
		unasked := 0
		for _, r := range rs {
			if r.Reason != check.RateLimited || r.Outcome != check.Warn {
				t.Errorf("%s %q", r.Outcome, r.Reason)
			}
			if r.Attempts == 0 {
				unasked++
			}
		}
		if len(rs) != 10 || unasked != 7 {
			t.Errorf("%d results, %d unasked", len(rs), unasked)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := check.Wait(ctx, time.Duration(t.Seq)*100*time.Millisecond, false)
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				panic(err)
			}
			if err == nil {
				time.Sleep(time.Hour) // with its place, so that the others find none when they return
			}
			return checktest.Pass(t)
		})
		p := New(c, Config{PerHost: 3})
		begin := time.Now()
		var early int
		for range p.Run(t.Context(), slices.Values(list(9, "a"))) {
			if time.Since(begin) == time.Second {
				early++
			}
		}
		if early != 6 {
			t.Errorf("%d checks ended with their context, want 6", early)
		}
		idle(t, p)
	})
}

func TestLeaveGivesThePlaceBackForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
			check.Leave(ctx)
			check.Leave(ctx)
			if err := check.Wait(ctx, time.Second, true); err != nil {
				panic(err)
			}
			return checktest.Pass(t)
		})
		p := New(c, Config{Concurrency: 1, PerHost: 1})
		begin := time.Now()
		if n := len(collect(t, p, list(100, "a"))); n != 100 || time.Since(begin) != time.Second {
			t.Errorf("%d results in %v", n, time.Since(begin))
		}
		idle(t, p)
	})
}

// Those that join a check in flight must not keep it from its second attempt.
func TestRepeatsOfAFailingURLDoNotLockThePool(t *testing.T) {
	for _, cfg := range []Config{{Concurrency: 4}, {PerHost: 1}, {}} {
		t.Run(fmt.Sprintf("%+v", cfg), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				attempts := 0
				c := check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
					time.Sleep(10 * time.Millisecond)
					mu.Lock()
					defer mu.Unlock()
					if attempts++; attempts == 1 {
						r := check.Failed(t, check.ConnectReset, "reset")
						r.Temporary = true
						return r
					}
					return checktest.Pass(t)
				})
				ts := list(500, "a")
				for i := range ts {
					ts[i].URL = ts[0].URL
				}
				p := New(check.Flight(check.Retry(c, check.RetryConfig{Max: 1, Wait: time.Second})), cfg)
				begin := time.Now()
				for _, r := range collect(t, p, ts) {
					if r.Outcome != check.Pass {
						t.Errorf("%s %q %s", r.Outcome, r.Reason, r.Error)
					}
				}
				if took := time.Since(begin); took > 2*time.Second || attempts > 3 {
					t.Errorf("took %v, %d attempts", took, attempts)
				}
			})
		})
	}
}

// A check.Flight may go on for others when the check that began it has ended.
func TestTurnOutlivesItsCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn context.Context
		c := check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
			turn = context.WithoutCancel(ctx)
			go func() { _ = check.Wait(turn, time.Second, false) }() // asleep when its check ends
			synctest.Wait()
			return checktest.Pass(t)
		})
		p := New(c, Config{Concurrency: 1})
		collect(t, p, list(1, "a"))
		idle(t, p)
		begin := time.Now()
		check.Leave(turn)
		if err := check.Wait(turn, time.Second, true); err != nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		idle(t, p)
	})
}

// chaos is a Checker that does anything a check may do.
type chaos struct {
	cfg Config

	mu   sync.Mutex
	host map[string]int
	all  int
	bad  []string // limits that did not hold
}

func (c *chaos) hold(t check.Target, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all += by
	c.host[t.Host()] += by
	if c.all > c.cfg.Concurrency || t.Host() != "" && c.host[t.Host()] > c.cfg.PerHost {
		c.bad = append(c.bad, fmt.Sprintf("%d in flight, %d at %s", c.all, c.host[t.Host()], t.Host()))
	}
}

func (c *chaos) Check(ctx context.Context, t check.Target) check.Result {
	holds := true
	c.hold(t, 1)
	defer func() {
		if holds {
			c.hold(t, -1)
		}
	}()
	for {
		switch rand.N(12) {
		case 0:
			panic("staged")
		case 1:
			return limit(t, rand.N(3*time.Second))
		case 2, 3:
			if !holds {
				continue
			}
			c.hold(t, -1)
			holds = false
			if err := check.Wait(ctx, rand.N(2*time.Second), rand.N(3) == 0); err != nil {
				return limit(t, 0)
			}
			c.hold(t, 1)
			holds = true
		case 4:
			if holds {
				c.hold(t, -1)
				holds = false
				check.Leave(ctx)
			}
		case 5:
			return check.Failed(t, check.Timeout, "as told")
		case 6, 7:
			return checktest.Pass(t)
		default:
			select {
			case <-time.After(rand.N(500 * time.Millisecond)):
			case <-ctx.Done():
				return check.Failed(t, check.Canceled, "cut off")
			}
		}
	}
}

func TestNothingIsLostOrLeftInChaos(t *testing.T) {
	for _, cfg := range []Config{
		{Concurrency: 3, PerHost: 1, Window: 5},
		{Concurrency: 20, PerHost: 4, Window: 100},
		{Concurrency: 20, PerHost: 4, Window: 100, Rate: 200, HostRate: 20},
	} {
		t.Run(fmt.Sprintf("%+v", cfg), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &chaos{cfg: cfg, host: make(map[string]int)}
				p := New(c, cfg)
				var runs sync.WaitGroup
				for n := range 30 {
					runs.Go(func() {
						time.Sleep(rand.N(10 * time.Second))
						chaoticRun(t, p, n)
					})
				}
				runs.Wait()
				if len(c.bad) > 0 || c.all != 0 || slices.Max(slices.Collect(maps.Values(c.host))) != 0 {
					t.Errorf("limits did not hold: %v, %v", c.bad, c.host)
				}
				idle(t, p)
				time.Sleep(time.Hour)
				collect(t, p, list(1, ""))
				if len(p.hosts) != 0 {
					t.Errorf("%d hosts are left", len(p.hosts))
				}
			})
		})
	}
}

// chaoticRun is a Run that is read to its end, broken off, or ended by its ctx.
func chaoticRun(t *testing.T, p *Pool, n int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ts := slices.Collect(checktest.Targets(rand.N(200), 1+rand.N(12)))
	for i := range ts {
		if rand.N(10) == 0 {
			ts[i].URL, ts[i].Invalid = "", "it is no URL"
		}
	}
	stop := rand.N(len(ts) + 1)
	seen := make(map[int64]bool)
	for r := range p.Run(ctx, slices.Values(ts)) {
		if seen[r.Target.Seq] {
			t.Errorf("a second result for target %d", r.Target.Seq)
		}
		seen[r.Target.Seq] = true
		if len(seen) == stop && n%3 == 0 {
			return
		}
		if len(seen) == stop && n%3 == 1 {
			cancel()
		}
	}
	if n%3 == 2 && len(seen) != len(ts) {
		t.Errorf("%d results for %d targets", len(seen), len(ts))
	}
}
