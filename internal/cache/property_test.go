package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// anything is a list with hits, misses, repeats, Fresh and Invalid ones, ages and
// timeouts.
func anything(n int) []check.Target {
	ts := make([]check.Target, n)
	for i := range ts {
		t := checktest.Target(rand.N(n/3+1), 10)
		t.Seq = int64(i)
		t.Fresh = rand.N(10) == 0
		if rand.N(10) == 0 {
			t.Invalid = "it is no URL"
		}
		if rand.N(10) == 0 {
			t.MaxAge = rand.N(10 * time.Millisecond)
		}
		t.Timeout = rand.N(3 * time.Second)
		ts[i] = t
	}
	return ts
}

// whatever answers with a reason that depends on chance and the target's time.
func whatever(ctx context.Context, t check.Target) check.Result {
	if t.Invalid != "" {
		return check.Failed(t, check.InvalidURL, t.Invalid)
	}
	select {
	case <-time.After(rand.N(3 * time.Millisecond)):
	case <-ctx.Done():
		return check.Failed(t, check.Canceled, "cut off")
	}
	res := checktest.Pass(t)
	switch {
	case t.Timeout < time.Second && rand.N(2) == 0:
		res.Reason = check.Timeout
	case rand.N(5) == 0:
		res.Reason = check.Reasons()[rand.N(len(check.Reasons()))]
	}
	res.Outcome = res.Reason.Default()
	return res
}

// TestEveryTargetIsAnsweredOnceWhateverHappens holds laws 1, 2 and 4 over many
// Runs at once, in two processes, of which some break off or are canceled; and
// that no flight, no lease and no place is left behind.
func TestEveryTargetIsAnsweredOnceWhateverHappens(t *testing.T) {
	server := startRedis(t)
	for name, stores := range map[string][]Store{
		"memory": {NewMemory(MemoryConfig{})},
		"two processes on one redis": {
			newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second}),
			Over(NewMemory(MemoryConfig{TTL: TTL{Pass: 5 * time.Millisecond}}), newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})),
		},
		"redis that is away": {newStore(t, RedisConfig{Address: "redis://" + freeAddr(t)})},
	} {
		t.Run(name, func(t *testing.T) {
			var runs sync.WaitGroup
			var throughs []*through
			for _, s := range stores {
				r, _ := Through(pooled(check.CheckerFunc(whatever)), s, Config{Group: 32, Lookups: 3, Waiting: 20}).(*through)
				throughs = append(throughs, r)
				for i := range 6 {
					runs.Go(func() {
						if err := readSome(t.Context(), r, anything(600), i%3); err != nil {
							t.Error(err)
						}
					})
				}
			}
			runs.Wait()
			for _, r := range throughs {
				if n := len(r.flights.open); n != 0 {
					t.Errorf("%d flights are open", n)
				}
			}
			time.Sleep(10 * time.Millisecond)
			if locks := server.keys(lockSuffix); len(locks) != 0 {
				t.Errorf("%d leases are left", len(locks))
			}
		})
	}
}

// readSome reads a Run to its end (0), breaks off in the middle (1) or cancels it
// there (2).
func readSome(ctx context.Context, r check.Runner, ts []check.Target, how int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := make(map[int64]bool)
	for res := range r.Run(ctx, slices.Values(ts)) {
		seq := res.Target.Seq
		if seen[seq] {
			return fmt.Errorf("a second result for target %d", seq)
		}
		seen[seq] = true
		asked := ts[seq]
		switch {
		case res.Target.URL != asked.URL || res.Target.Timeout > asked.Timeout:
			return fmt.Errorf("target %d %+v is answered for %+v", seq, asked, res.Target)
		case res.Cached && asked.Fresh, res.Cached && asked.MaxAge > 0 && res.CacheAge > asked.MaxAge:
			return fmt.Errorf("target %d %+v is answered with an age of %v", seq, asked, res.CacheAge)
		case (res.Reason == check.InvalidURL) != (asked.Invalid != "") && res.Cached:
			return fmt.Errorf("target %d %+v: %s", seq, asked, res.Reason)
		}
		if len(seen) == len(ts)/2 {
			switch how {
			case 1:
				return nil
			case 2:
				cancel()
			}
		}
	}
	if how == 0 && len(seen) != len(ts) {
		return fmt.Errorf("%d of %d targets were answered", len(seen), len(ts))
	}
	return nil
}

// A held lease is one that is never released and does not lapse: a key whose
// time to live was taken off.
type heldLease struct{ *Memory }

func (heldLease) acquire(_ context.Context, keys []check.Key, _ string) ([]bool, error) {
	return make([]bool, len(keys)), nil
}

func (heldLease) taken(_ context.Context, keys []check.Key) ([]bool, error) {
	return slices.Repeat([]bool{true}, len(keys)), nil
}

func (heldLease) renew(context.Context, []check.Key, string) error   { return nil }
func (heldLease) release(context.Context, []check.Key, string) error { return nil }

func TestALeaseThatNeverEndsIsNotWaitedForForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake checktest.Fake
		begin := time.Now()
		rs := collect(t.Context(), Through(&each{c: &fake}, heldLease{NewMemory(MemoryConfig{})}, Config{}), repeats(10))
		if took := time.Since(begin); len(rs) != 10 || fake.Calls() != 1 || took < queueMost || took > queueMost+time.Second {
			t.Errorf("%d results, %d checks, in %v", len(rs), fake.Calls(), took)
		}
	})
}
