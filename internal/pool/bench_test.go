package pool

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// targets are b.N targets on so many hosts, built beforehand where they come
// back, so that not the fake is measured.
func targets(n, hosts int) iter.Seq[check.Target] {
	ts := make([]check.Target, min(n, hosts))
	for i := range ts {
		ts[i] = checktest.Target(i, hosts)
	}
	return func(yield func(check.Target) bool) {
		for i := range n {
			t := ts[i%len(ts)]
			t.Seq = int64(i)
			if !yield(t) {
				return
			}
		}
	}
}

func benchmarkPool(b *testing.B, hosts int, cfg Config) {
	b.ReportAllocs()
	p := New(&checktest.Fake{}, cfg)
	ts := targets(b.N, hosts)
	b.ResetTimer()
	for range p.Run(b.Context(), ts) {
	}
}

// The hosts come back only after everything else has left the pool, so each
// target finds its host unknown.
func BenchmarkDistinctHosts(b *testing.B) { benchmarkPool(b, 100_000, Config{}) }
func BenchmarkManyHosts(b *testing.B)     { benchmarkPool(b, 100, Config{}) }
func BenchmarkOneHost(b *testing.B)       { benchmarkPool(b, 1, Config{PerHost: 256}) }
func BenchmarkOneHostPerHost10(b *testing.B) {
	benchmarkPool(b, 1, Config{})
}

// BenchmarkMillionHosts shows the most that is live while a million hosts pass.
func BenchmarkMillionHosts(b *testing.B) {
	for b.Loop() {
		p, n, most := New(&checktest.Fake{}, Config{}), 0, uint64(0)
		before := live()
		for range p.Run(b.Context(), checktest.Targets(1_000_000, 1_000_000)) {
			if n++; n%100_000 == 50_000 {
				most = max(most, live()-before)
			}
		}
		b.ReportMetric(float64(most)/(1<<20), "live-MiB")
	}
}

func BenchmarkDetourAllHits(b *testing.B) {
	b.ReportAllocs()
	look := func(_ context.Context, ts []check.Target) ([]check.Result, []check.Target) {
		done := make([]check.Result, len(ts))
		for i := range ts {
			done[i].Target = ts[i]
		}
		return done, nil
	}
	p := New(&checktest.Fake{}, Config{})
	ts := targets(b.N, 1000)
	b.ResetTimer()
	for range Detour(b.Context(), 4, 256, time.Millisecond, ts, look, p.Run) {
	}
}

func BenchmarkWindowed(b *testing.B) {
	b.ReportAllocs()
	ts := targets(b.N, 1000)
	echo := func(_ context.Context, ts []check.Target) iter.Seq[[]check.Result] {
		return func(yield func([]check.Result) bool) {
			rs := make([]check.Result, len(ts))
			for i := range ts {
				rs[i].Target = ts[i]
			}
			yield(rs)
		}
	}
	b.ResetTimer()
	for range Windowed(b.Context(), 1024, 64, time.Millisecond, ts, echo) {
	}
}
