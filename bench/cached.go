package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

// enough is how many cached targets a second are fast enough, however much more
// Redis itself could give.
const enough = 300_000

// cached puts the cached Runner and a bare MGET loop before the same real Redis,
// which holds an answer for each target.
func cached(ctx context.Context, l *lab) (findings, error) {
	server, err := l.startRedis(ctx)
	if err != nil {
		return findings{}, err
	}
	defer server.stop()
	return l.allHits(ctx, server, l.size(300_000, 100_000))
}

func (l *lab) allHits(ctx context.Context, server *redisServer, n int) (findings, error) {
	store, err := cache.NewRedis(cache.RedisConfig{Address: server.url(), Timeout: time.Second})
	if err != nil {
		return findings{}, err
	}
	defer store.Close()
	bare := redis.NewClient(&redis.Options{Addr: server.addr})
	defer bare.Close()

	targets, keys, err := remember(ctx, store, n)
	if err != nil {
		return findings{}, err
	}
	var through, loop []float64
	for range l.rounds {
		ours, err := perSecond(n, func() error { return runAllHits(ctx, store, targets) })
		if err != nil {
			return findings{}, err
		}
		theirs, err := perSecond(n, func() error { return mgetAll(ctx, bare, keys) })
		if err != nil {
			return findings{}, err
		}
		through, loop = append(through, ours), append(loop, theirs)
	}
	b := atLeast("", min(enough, median(loop)/2))
	v := b.judge(through, l.slack)
	v.bar = fmt.Sprintf("targets/s ≥ %.0f, the lower of %d and half the loop's", b.bound*(1-l.slack), enough)
	return findings{
		verdicts: []verdict{v},
		standings: []standing{
			{name: "cached Runner", rate: median(through), passed: share(n, n)},
			{name: "bare MGET loop, 512 keys each, 4 at once", rate: median(loop), passed: share(n, n)},
		},
	}, nil
}

// remember saves a passing result for each of n targets and gives them with
// their keys in Redis.
func remember(ctx context.Context, store cache.Store, n int) ([]check.Target, []string, error) {
	targets, keys := make([]check.Target, n), make([]string, n)
	const group = 512
	results := make([]check.Result, 0, group)
	for i := range targets {
		targets[i] = check.Target{Seq: int64(i), URL: fmt.Sprintf("https://host-%d.example/page", i), Method: "GET"}
		keys[i] = "hc:v1:" + targets[i].Key().String()
		results = append(results, check.Result{
			Target: targets[i], Outcome: check.Pass, StatusCode: 200, Attempts: 1, Protocol: "HTTP/1.1", CheckedAt: time.Now(),
			Timing: check.Timing{Connect: time.Millisecond, Processing: 20 * time.Millisecond},
		})
		if len(results) == group || i == n-1 {
			if err := store.Save(ctx, results); err != nil {
				return nil, nil, err
			}
			results = results[:0]
		}
	}
	return targets, keys, nil
}

func perSecond(n int, f func() error) (float64, error) {
	start := time.Now()
	err := f()
	return float64(n) / time.Since(start).Seconds(), err
}

func runAllHits(ctx context.Context, store cache.Store, targets []check.Target) error {
	runner := cache.Through(noNetwork{}, store, cache.Config{})
	hits := 0
	for r := range runner.Run(ctx, func(yield func(check.Target) bool) {
		for _, t := range targets {
			if !yield(t) {
				return
			}
		}
	}) {
		if r.Cached && r.Outcome == check.Pass {
			hits++
		}
	}
	if hits != len(targets) {
		return fmt.Errorf("%d hits for %d targets", hits, len(targets))
	}
	return nil
}

// noNetwork is the Runner behind the cache, which must not be needed.
type noNetwork struct{}

// Run fails each target.
func (noNetwork) Run(_ context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		for t := range ts {
			if !yield(check.Failed(t, check.Internal, "a hit was expected")) {
				return
			}
		}
	}
}

// mgetAll asks for all keys and looks at no value: what anyone over Redis must
// do at the least.
func mgetAll(ctx context.Context, client *redis.Client, keys []string) error {
	const group, atOnce = 512, 4
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for start := 0; start < len(keys); start += group {
		some := keys[start:min(start+group, len(keys))]
		g.Go(func() error {
			values, err := client.MGet(ctx, some...).Result()
			for _, v := range values {
				if v == nil {
					return errors.New("a key that was saved is not there")
				}
			}
			return err
		})
	}
	return g.Wait()
}
