package cache

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

const benched = 20_000 // targets

// filled is a real Redis that holds all of ts.
func filled(b *testing.B) (*server, *Redis, []check.Target) {
	server := startRedis(b)
	s := newStore(b, RedisConfig{Address: server.url(), Timeout: 5 * time.Second, TTL: TTL{Pass: time.Hour}})
	ts := targets(benched)
	for from := 0; from < len(ts); from += 500 {
		if err := s.Save(b.Context(), passed(ts[from:from+500])); err != nil {
			b.Fatal(err)
		}
	}
	return server, s, ts
}

func perTarget(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "targets/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkThroughAllHits is what the cached Runner gives; to be seen beside
// BenchmarkBareMGET of the same run.
func BenchmarkThroughAllHits(b *testing.B) {
	_, s, ts := filled(b)
	r := Through(pooled(&checktest.Fake{}), s, Config{})
	for b.Loop() {
		all(b, r, ts)
	}
	perTarget(b, len(ts))
}

func all(b *testing.B, r check.Runner, ts []check.Target) {
	n := 0
	for res := range r.Run(b.Context(), func(yield func(check.Target) bool) {
		for _, t := range ts {
			if !yield(t) {
				return
			}
		}
	}) {
		if res.Cached {
			n++
		}
	}
	if n != len(ts) {
		b.Fatalf("%d of %d cached", n, len(ts))
	}
}

// BenchmarkBareMGET asks for the same keys with go-redis at its defaults, in
// groups of 512 and four at a time, and looks at no value.
func BenchmarkBareMGET(b *testing.B) {
	server, _, ts := filled(b)
	c := redis.NewClient(&redis.Options{Addr: server.addr})
	defer c.Close()
	keys := make([]string, len(ts))
	for i, t := range ts {
		keys[i] = keyPrefix + t.Key().String()
	}
	for b.Loop() {
		g, ctx := errgroup.WithContext(b.Context())
		g.SetLimit(4)
		for from := 0; from < len(keys); from += 512 {
			some := keys[from:min(from+512, len(keys))]
			g.Go(func() error { return c.MGet(ctx, some...).Err() })
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	perTarget(b, len(ts))
}

func BenchmarkThroughMemoryHits(b *testing.B) {
	s := NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour}})
	ts := targets(benched)
	if err := s.Save(b.Context(), passed(ts)); err != nil {
		b.Fatal(err)
	}
	r := Through(pooled(&checktest.Fake{}), s, Config{})
	for b.Loop() {
		all(b, r, ts)
	}
	perTarget(b, len(ts))
}

// BenchmarkThroughCold is the whole way of a miss: two looks, the lease, a check
// that takes no time, the saving and the release.
func BenchmarkThroughCold(b *testing.B) {
	server, s, ts := filled(b)
	r := Through(&each{c: &checktest.Fake{}}, s, Config{})
	for b.Loop() {
		server.c.FlushAll(context.Background())
		n := 0
		for range r.Run(b.Context(), checktest.Targets(len(ts), 1000)) {
			n++
		}
		if n != len(ts) {
			b.Fatalf("%d results", n)
		}
	}
	perTarget(b, len(ts))
}

// BenchmarkThroughOneMiss is what a batch of one URL pays for the cache.
func BenchmarkThroughOneHit(b *testing.B) {
	s := NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour}})
	ts := targets(1)
	if err := s.Save(b.Context(), passed(ts)); err != nil {
		b.Fatal(err)
	}
	r := Through(pooled(&checktest.Fake{}), s, Config{})
	b.ReportAllocs()
	for b.Loop() {
		all(b, r, ts)
	}
}

func BenchmarkMemoryLoad(b *testing.B) {
	s := NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour}})
	ts := targets(512)
	if err := s.Save(b.Context(), passed(ts)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if rs, _ := s.Load(b.Context(), ts); rs[0].CheckedAt.IsZero() {
			b.Fatal("a miss")
		}
	}
	perTarget(b, len(ts))
}
