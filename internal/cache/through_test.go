package cache

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// pooled is a Runner over c as the command has it.
func pooled(c check.Checker) check.Runner {
	return pool.New(check.Flight(c), pool.Config{Concurrency: 64, Window: pooledWindow})
}

const pooledWindow = 1024

func TestConform(t *testing.T) {
	server := startRedis(t)
	for name, store := range map[string]func(t *testing.T) Store{
		"memory": func(*testing.T) Store { return NewMemory(MemoryConfig{}) },
		"redis":  func(t *testing.T) Store { return newStore(t, RedisConfig{Address: server.url()}) },
		"memory over redis": func(t *testing.T) Store {
			return Over(NewMemory(MemoryConfig{}), newStore(t, RedisConfig{Address: server.url()}))
		},
		"redis that is away": func(t *testing.T) Store { return newStore(t, RedisConfig{Address: "redis://" + freeAddr(t)}) },
	} {
		t.Run(name, func(t *testing.T) {
			checktest.Suite{
				Make: func(c check.Checker) check.Runner {
					server.do("flushall")
					return Through(pooled(c), store(t), Config{})
				},
				ReadAhead: Config{}.ReadAhead() + pooledWindow,
			}.Run(t)
		})
	}
}

// collect reads a Run to its end.
func collect(ctx context.Context, r check.Runner, ts []check.Target) []check.Result {
	return slices.Collect(r.Run(ctx, slices.Values(ts)))
}

// stores are those a test runs on that says nothing special of one.
func stores(t *testing.T) map[string]Store {
	redis := newStore(t, RedisConfig{Address: startRedis(t).url(), Timeout: 5 * time.Second}) // the machine is shared
	return map[string]Store{
		"memory":            NewMemory(MemoryConfig{}),
		"redis":             redis,
		"memory over redis": Over(NewMemory(MemoryConfig{}), newStore(t, RedisConfig{Address: startRedis(t).url(), Timeout: 5 * time.Second})),
	}
}

func TestSecondRunIsAnsweredFromTheCache(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var fake checktest.Fake
			r := Through(pooled(&fake), s, Config{})
			ts := targets(3000)
			for i, res := range collect(t.Context(), r, ts) {
				if res.Cached {
					t.Fatalf("result %d of the first run is cached", i)
				}
			}
			seen := make(map[int64]bool)
			for _, res := range collect(t.Context(), r, ts) {
				seen[res.Target.Seq] = true
				if !res.Cached || res.Outcome != check.Pass {
					t.Fatalf("a result of the second run: cached %v, %s", res.Cached, res.Outcome)
				}
			}
			if len(seen) != len(ts) || fake.Calls() != int64(len(ts)) {
				t.Errorf("%d answers, %d checks", len(seen), fake.Calls())
			}
		})
	}
}

func TestFreshIsNotReadButWritten(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var fake checktest.Fake
			r := Through(pooled(&fake), s, Config{})
			ts := targets(1)
			collect(t.Context(), r, ts)
			fresh := slices.Clone(ts)
			fresh[0].Fresh = true
			before := time.Now()
			if res := collect(t.Context(), r, fresh); res[0].Cached {
				t.Error("a fresh target is answered from the cache")
			}
			if res := collect(t.Context(), r, ts); !res[0].Cached || res[0].CheckedAt.Before(before) {
				t.Errorf("cached %v, checked %v before the fresh one", res[0].Cached, before.Sub(res[0].CheckedAt))
			}
			if shared, ok := s.(*Redis); ok && shared.Lost() != nil {
				t.Errorf("a group that asks for nothing counts as trouble: %v", shared.Lost())
			}
		})
	}
}

func TestMaxAgeTakesNothingOlder(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var fake checktest.Fake
			r := Through(pooled(&fake), s, Config{})
			ts := targets(1)
			collect(t.Context(), r, ts)
			time.Sleep(20 * time.Millisecond)
			for _, row := range []struct {
				maxAge time.Duration
				cached bool
			}{{time.Hour, true}, {10 * time.Millisecond, false}, {time.Hour, true}} {
				ts[0].MaxAge = row.maxAge
				if res := collect(t.Context(), r, ts); res[0].Cached != row.cached {
					t.Errorf("max age %v: cached %v", row.maxAge, res[0].Cached)
				}
			}
		})
	}
}

func TestSomeReasonsAreAskedAgain(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			reasons := check.Reasons()
			fake := checktest.Fake{Answer: func(_ context.Context, t check.Target) check.Result {
				res := check.Failed(t, reasons[t.Seq], "as told")
				res.CheckedAt = time.Now()
				return res
			}}
			r := Through(&each{c: &fake}, s, Config{})
			ts := targets(len(reasons))
			collect(t.Context(), r, ts)
			for _, res := range collect(t.Context(), r, ts) {
				if want := Cacheable(res.Reason); res.Cached != want || res.Outcome != res.Reason.Default() {
					t.Errorf("%s: cached %v, %s", res.Reason, res.Cached, res.Outcome)
				}
			}
		})
	}
}

// each is the least Runner: one check after the other.
type each struct{ c check.Checker }

func (r *each) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		for t := range ts {
			if ctx.Err() != nil || !yield(r.c.Check(ctx, t)) {
				return
			}
		}
	}
}

// repeats are n targets with one URL.
func repeats(n int) []check.Target {
	ts := make([]check.Target, n)
	for i := range ts {
		ts[i] = checktest.Target(0, 1)
		ts[i].Seq = int64(i)
	}
	return ts
}

func TestTenThousandRepeatsAreOneCheck(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			fake := checktest.Fake{Takes: 50 * time.Millisecond}
			r := Through(pooled(&fake), s, Config{})
			if n := len(collect(t.Context(), r, repeats(10_000))); n != 10_000 || fake.Calls() != 1 {
				t.Errorf("%d results, %d checks", n, fake.Calls())
			}
		})
	}
}

func TestRunsOfOneProcessShareChecks(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			fake := checktest.Fake{Takes: 5 * time.Millisecond}
			r := Through(pooled(&fake), s, Config{})
			ts := targets(500)
			var runs sync.WaitGroup
			for range 8 {
				runs.Go(func() {
					if n := len(collect(t.Context(), r, ts)); n != len(ts) {
						t.Errorf("%d of %d results", n, len(ts))
					}
				})
			}
			runs.Wait()
			if n := fake.Calls(); n != int64(len(ts)) {
				t.Errorf("%d checks for %d URLs", n, len(ts))
			}
		})
	}
}

func TestThoseWhoWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := checktest.Fake{Takes: time.Second}
		cfg := Config{Group: 16, Lookups: 2, Waiting: 100}
		var asked atomic.Int64
		read := 0
		for range Through(pooled(&fake), NewMemory(MemoryConfig{}), cfg).Run(t.Context(), checktest.Counted(slices.Values(repeats(10_000)), &asked)) {
			if read++; read == 1 {
				if n := asked.Load(); n > int64(cfg.ReadAhead()) {
					t.Errorf("%d read ahead, stated are %d", n, cfg.ReadAhead())
				}
			}
		}
		if read != 10_000 || fake.Calls() != 1 {
			t.Errorf("%d results, %d checks", read, fake.Calls())
		}
	})
}

func TestHitsDoNotWaitForMisses(t *testing.T) {
	s := NewMemory(MemoryConfig{})
	ts := targets(1000)
	if err := s.Save(t.Context(), passed(ts[1:])); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	fake := checktest.Fake{Answer: func(_ context.Context, t check.Target) check.Result {
		<-release
		return checktest.Pass(t)
	}}
	n := 0
	for range Through(pooled(&fake), s, Config{}).Run(t.Context(), slices.Values(ts)) {
		if n++; n == len(ts)-1 {
			close(release)
		}
	}
	if n != len(ts) {
		t.Errorf("%d results", n)
	}
}

// Of a leader and those that wait for it, the leader's caller leaves.
func TestWhoLeavesTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := checktest.Fake{Takes: time.Second}
		r := Through(&each{c: &fake}, NewMemory(MemoryConfig{}), Config{})
		ctx, leave := context.WithCancel(t.Context())
		var runs sync.WaitGroup
		runs.Go(func() { collect(ctx, r, repeats(1)) })
		synctest.Wait()
		for range 10 {
			runs.Go(func() {
				for _, res := range collect(t.Context(), r, repeats(10)) {
					if res.Outcome != check.Pass {
						t.Errorf("%s %s", res.Outcome, res.Reason)
					}
				}
			})
		}
		synctest.Wait()
		leave()
		runs.Wait()
		if n := fake.Calls(); n != 2 {
			t.Errorf("%d checks, want the one cut off and one more", n)
		}
	})
}

// A follower with more time than the leader had is checked itself; one with as
// little is not.
func TestATimeoutServesThoseWithAsLittleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := checktest.Fake{Takes: time.Second, Answer: func(_ context.Context, t check.Target) check.Result {
			if t.Timeout < time.Minute {
				res := check.Failed(t, check.Timeout, "no answer in time")
				res.CheckedAt = time.Now()
				return res
			}
			return checktest.Pass(t)
		}}
		r := Through(&each{c: &fake}, NewMemory(MemoryConfig{}), Config{})
		ts := repeats(5)
		for i, d := range []time.Duration{2, 1, 60, 2, 60} {
			ts[i].Timeout = d * time.Second
		}
		rs := collect(t.Context(), r, ts)
		for _, res := range rs {
			if long := res.Target.Timeout == time.Minute; (res.Outcome == check.Pass) != long {
				t.Errorf("with %v: %s %s", res.Target.Timeout, res.Outcome, res.Reason)
			}
		}
		if len(rs) != 5 || fake.Calls() != 2 {
			t.Errorf("%d results, %d checks", len(rs), fake.Calls())
		}
	})
}

// Whoever does not read keeps nobody else waiting.
func TestAStalledReaderGivesAwayWhatOthersWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake checktest.Fake
		r := Through(&each{c: &fake}, NewMemory(MemoryConfig{}), Config{})
		ts := targets(10)
		ctx, cancel := context.WithCancel(t.Context())
		var stalled sync.WaitGroup
		stalled.Go(func() {
			for range r.Run(ctx, slices.Values(ts)) {
				<-ctx.Done() // reads one and no more
			}
		})
		synctest.Wait()
		begin := time.Now()
		if n := len(collect(t.Context(), r, ts)); n != len(ts) {
			t.Errorf("%d of %d results", n, len(ts))
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		cancel()
		stalled.Wait()
	})
}

// What was finished when the caller left is saved.
func TestAnAbandonedBatchIsSaved(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			ts := targets(100)
			fake := checktest.Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
				if t.Seq >= 50 {
					return checktest.Hang(ctx, t)
				}
				return checktest.Pass(t)
			}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for range Through(pool.New(&fake, pool.Config{Concurrency: 100, PerHost: 100}), s, Config{}).Run(ctx, slices.Values(ts)) {
				if n++; n == 50 {
					cancel()
				}
			}
			if got := loaded(t, s, ts); got != 50 {
				t.Errorf("50 were finished, %d are saved", got)
			}
		})
	}
}

// A hungStore never ends a Save by itself.
type hungStore struct{}

func (s hungStore) Load(_ context.Context, ts []check.Target) ([]check.Result, error) {
	return make([]check.Result, len(ts)), nil
}

func (s hungStore) Save(ctx context.Context, _ []check.Result) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAStoreThatDoesNotSaveHoldsARunForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts tally
		var fake checktest.Fake
		r := Through(&each{c: &fake}, hungStore{}, Config{Observe: counts.observer()})
		begin := time.Now()
		if n := len(collect(t.Context(), r, targets(10_000))); n != 10_000 {
			t.Errorf("%d results", n)
		}
		if took := time.Since(begin); took > saveBudget+10*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if counts.dropped == 0 || counts.dropped < 10_000-saveQueue-2*saveGroup {
			t.Errorf("%d results counted as dropped", counts.dropped)
		}
	})
}

func TestCountsOfAThrough(t *testing.T) {
	var counts tally
	observe := counts.observer()
	s := NewMemory(MemoryConfig{Observe: observe})
	fake := checktest.Fake{Takes: 20 * time.Millisecond}
	r := Through(pooled(&fake), s, Config{Observe: observe})
	collect(t.Context(), r, repeats(10))
	collect(t.Context(), r, repeats(5))
	for what, want := range map[string]int{"memory miss": 10, "memory coalesced": 9, "memory hit": 5} {
		if got := counts.count(what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
}
