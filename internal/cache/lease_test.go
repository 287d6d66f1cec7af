package cache

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// process is a Through as another process on the same Redis has it: its own
// client, its own pool, its own leases.
func process(t *testing.T, server *server, c check.Checker) check.Runner {
	t.Helper()
	return Through(pooled(c), newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second}), Config{})
}

// together has each of rs check ts, at the same time, and gives their results.
func together(t *testing.T, rs []check.Runner, ts []check.Target) [][]check.Result {
	t.Helper()
	all := make([][]check.Result, len(rs))
	var runs sync.WaitGroup
	for i, r := range rs {
		runs.Go(func() { all[i] = collect(t.Context(), r, ts) })
	}
	runs.Wait()
	for i, results := range all {
		if len(results) != len(ts) {
			t.Errorf("process %d gave %d results for %d targets", i, len(results), len(ts))
		}
	}
	return all
}

func TestProcessesShareChecks(t *testing.T) {
	for name, row := range map[string]struct {
		targets   []check.Target
		takes     time.Duration
		processes int
		checks    int64
	}{
		"ten thousand repeats":          {repeats(10_000), 100 * time.Millisecond, 2, 1},
		"many URLs":                     {targets(1000), 5 * time.Millisecond, 4, 1000},
		"one that outlives a lease":     {repeats(1), leaseTTL + time.Second, 2, 1},
		"fault 28: a hundred identical": {repeats(100), 50 * time.Millisecond, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t)
			fake := checktest.Fake{Takes: row.takes}
			var rs []check.Runner
			for range row.processes {
				rs = append(rs, process(t, server, &fake))
			}
			together(t, rs, row.targets)
			if n := fake.Calls(); n != row.checks {
				t.Errorf("%d checks, want %d", n, row.checks)
			}
			together(t, rs, row.targets) // within the TTL
			if n := fake.Calls(); n != row.checks {
				t.Errorf("%d checks after a second time, want %d", n, row.checks)
			}
			eventually(t, "without leases", func() bool { return len(server.keys(":lock")) == 0 })
			for _, key := range server.keys("") {
				if server.do("pttl", key).(int64) <= 0 {
					t.Errorf("%s lives for ever", key)
				}
			}
		})
	}
}

// holder has the lease of ts and does not renew it.
func holder(t *testing.T, server *server, ts []check.Target) {
	t.Helper()
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})
	var keys []check.Key
	for _, target := range ts {
		keys = append(keys, target.Key())
	}
	got, err := s.acquire(t.Context(), keys, newToken())
	if err != nil || slices.Contains(got, false) {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestADeadHolderDelaysByThreeSecondsAtMost(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	ts := targets(100)
	holder(t, server, ts[:50])
	var fake checktest.Fake
	begin, others := time.Now(), time.Duration(0)
	for res := range process(t, server, &fake).Run(t.Context(), slices.Values(ts)) {
		if res.Target.Seq >= 50 {
			others = time.Since(begin)
		}
	}
	if took := time.Since(begin); took < time.Second || took > leaseTTL+2*time.Second {
		t.Errorf("it took %v", took)
	}
	if others > time.Second {
		t.Errorf("the others took %v", others)
	}
	if n := fake.Calls(); n != 100 {
		t.Errorf("%d checks", n)
	}
}

func TestAResultThatIsNotKeptLetsTheOthersCheck(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	limited := checktest.Fake{Takes: 200 * time.Millisecond, Answer: func(_ context.Context, t check.Target) check.Result {
		res := check.Failed(t, check.RateLimited, "429 Too Many Requests")
		res.CheckedAt = time.Now()
		return res
	}}
	begin := time.Now()
	for _, results := range together(t, []check.Runner{process(t, server, &limited), process(t, server, &limited)}, repeats(10)) {
		for _, res := range results {
			if res.Reason != check.RateLimited {
				t.Errorf("%s", res.Reason)
			}
		}
	}
	if took := time.Since(begin); limited.Calls() != 2 || took > leaseTTL {
		t.Errorf("%d checks in %v", limited.Calls(), took)
	}
}

func TestWhoeverWaitsHoldsNoPlace(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	ts := targets(300)
	holder(t, server, ts[:100])
	var fake checktest.Fake
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})
	begin, free := time.Now(), 0
	for range Through(&each{c: &fake}, s, Config{}).Run(t.Context(), slices.Values(ts)) {
		if free++; free == 200 && time.Since(begin) > time.Second {
			t.Errorf("200 free targets took %v", time.Since(begin))
		}
	}
}

func TestWithoutRedisNobodyWaits(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	holder(t, server, repeats(1))
	var fake checktest.Fake
	r := Through(pooled(&fake), newStore(t, RedisConfig{Address: server.url()}), Config{})
	done := make(chan time.Duration)
	begin := time.Now()
	go func() {
		collect(t.Context(), r, repeats(1))
		done <- time.Since(begin)
	}()
	eventually(t, "looked up", func() bool { return server.calls("mget") > 1 })
	server.kill()
	if took := <-done; took > leaseTTL-time.Second || fake.Calls() != 1 {
		t.Errorf("%d checks, after %v", fake.Calls(), took)
	}
}

func TestWhatIsNoLeaseIsNotWaitedFor(t *testing.T) {
	server := startRedis(t)
	lock := keyPrefix + repeats(1)[0].Key().String() + lockSuffix
	for name, spoil := range map[string]func(){
		"garbage": func() { server.do("set", lock, "garbage") },
		"a list":  func() { server.do("rpush", lock, "x") },
	} {
		t.Run(name, func(t *testing.T) {
			server.do("flushall")
			spoil()
			var fake checktest.Fake
			begin := time.Now()
			collect(t.Context(), process(t, server, &fake), repeats(1))
			if took := time.Since(begin); took > time.Second || fake.Calls() != 1 {
				t.Errorf("%d checks, after %v", fake.Calls(), took)
			}
		})
	}
}

func TestACanceledRunReleasesItsLeases(t *testing.T) {
	server := startRedis(t)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { collect(ctx, process(t, server, check.CheckerFunc(checktest.Hang)), targets(50)) })
	eventually(t, "leased", func() bool { return len(server.keys(":lock")) == 50 })
	cancel()
	run.Wait()
	time.Sleep(10 * time.Millisecond) // a lease ends 1 ms after its release
	if n := len(server.keys(":lock")); n != 0 {
		t.Errorf("%d leases are left", n)
	}
}

func TestALeaseIsNobodyElsesToRenewOrRelease(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})
	keys := []check.Key{targets(1)[0].Key()}
	mine, other := newToken(), newToken()
	if got, err := s.acquire(t.Context(), keys, mine); err != nil || !got[0] {
		t.Fatalf("%v, %v", got, err)
	}
	if got, err := s.acquire(t.Context(), keys, other); err != nil || got[0] {
		t.Errorf("it is taken, and acquired again: %v, %v", got, err)
	}
	lock := server.keys(":lock")[0]
	if !strings.HasPrefix(lock, "hc:v1:") {
		t.Errorf("lock %q", lock)
	}
	server.do("pexpire", lock, 1000)
	_ = s.renew(t.Context(), keys, other)
	_ = s.release(t.Context(), keys, other)
	if ttl := server.do("pttl", lock).(int64); ttl <= 0 || ttl > 1000 {
		t.Errorf("it lives %d ms after another's renewal and release", ttl)
	}
	_ = s.renew(t.Context(), keys, mine)
	if ttl := server.do("pttl", lock).(int64); ttl <= 1000 || ttl > 3000 {
		t.Errorf("it lives %d ms after its renewal", ttl)
	}
	_ = s.release(t.Context(), keys, mine)
	time.Sleep(10 * time.Millisecond)
	if taken, err := s.taken(t.Context(), keys); err != nil || taken[0] {
		t.Errorf("taken %v after its release, %v", taken, err)
	}
}
