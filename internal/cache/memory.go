package cache

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hc-health/hc/internal/check"
)

// MemoryConfig bounds a [Memory]. The zero value is usable.
type MemoryConfig struct {
	Bytes   int64 // of all results together, about; 0 is 64 MiB, some 45 000 results
	TTL     TTL
	Observe Observer
}

// Memory is a [Store] in this process. When it is full, what is asked for least
// and longest ago makes place. Its methods give no error.
type Memory struct {
	cfg     MemoryConfig
	results *otter.Cache[check.Key, *kept]
}

// kept is a held and, once it is recalled, its text.
type kept struct {
	held
	text atomic.Pointer[check.Text]
}

const (
	defaultBytes = 64 << 20

	// keptBytes is what a result takes beside its strings: the kept (some 600 bytes)
	// and its place in the cache (TestMemoryIsBoundedInBytes).
	keptBytes = 820
	// textBytes is what the text of one takes when it is recalled, beside its
	// strings, which are in it once more.
	textBytes = 400
	hopBytes  = 24
)

// NewMemory makes an empty Memory.
func NewMemory(cfg MemoryConfig) *Memory {
	if cfg.Bytes <= 0 {
		cfg.Bytes = defaultBytes
	}
	return &Memory{cfg: cfg, results: otter.Must(&otter.Options[check.Key, *kept]{
		MaximumWeight: uint64(cfg.Bytes),
		Weigher:       weight,
		// Evict in the caller's goroutine, so that no goroutine is left without an
		// owner. For the same reason otter does not expire: its ticker would need
		// one. What is no longer good is not given, and makes place like the rest.
		Executor: func(f func()) { f() },
	})}
}

func weight(_ check.Key, k *kept) uint32 {
	r := &k.res
	n := len(r.Error) + len(r.FinalURL) + len(r.Protocol) + len(r.Worker)
	for i := range r.Redirects {
		n += hopBytes + len(r.Redirects[i].URL)
	}
	if r.TLS != nil {
		n += len(r.TLS.Issuer)
	}
	return uint32(keptBytes + textBytes + 2*n)
}

// Load implements [Store] at less than 1 µs a target, a third of it for its Key
// (BenchmarkMemoryLoad).
func (m *Memory) Load(ctx context.Context, ts []check.Target) ([]check.Result, error) {
	rs, _ := m.peek(ctx, ts)
	m.cfg.Observe.looked(tierMemory, rs, 0)
	return rs, nil
}

func (m *Memory) peek(_ context.Context, ts []check.Target) ([]check.Result, error) {
	rs := make([]check.Result, len(ts))
	now := time.Now()
	for i := range ts {
		if h, ok := m.results.GetIfPresent(ts[i].Key()); ok {
			h.answer(&ts[i], now, &rs[i])
		}
	}
	return rs, nil
}

// Recall sets r to the Result that is held at now for t, whose Key is key, and
// reports whether there is one. r has a Text, so that little else is set, and not its
// Target: copying both was 6 % of a hot batch of 100 (make bench-service, hot-100). Recall is
// for who asks [Through] where there is none, so that misses are counted there; hits
// are by [Memory.Recalled].
func (m *Memory) Recall(t *check.Target, key check.Key, now time.Time, r *check.Result) bool {
	k, ok := m.results.GetIfPresent(key)
	if !ok || !k.serve(t, k.res.CheckedAt, now) {
		return false
	}
	if r.Text = k.text.Load(); r.Text == nil {
		full := k.res
		recalled(&full, t, now)
		r.Text = check.NewText(&full)
		k.text.Store(r.Text)
	}
	r.Outcome, r.Reason = k.res.Reason.Default(), k.res.Reason
	r.Cached, r.CacheAge = true, ageOf(k.res.CheckedAt, now)
	return true
}

// Recalled counts n hits of [Memory.Recall].
func (m *Memory) Recalled(n int) { m.cfg.Observe.requests(tierMemory, "hit", n) }

// Save implements [Store].
func (m *Memory) Save(_ context.Context, rs []check.Result) error {
	now := time.Now()
	for _, r := range rs {
		if h, ok := hold(r, m.cfg.TTL.orDefault(), now); ok {
			m.results.Set(r.Target.Key(), &kept{held: h})
		}
	}
	return nil
}

// keep takes what another tier holds, for no longer than that and than m's own
// TTL.
func (m *Memory) keep(key check.Key, h held, now time.Time) {
	own, ok := m.cfg.TTL.orDefault().until(&h.res, now)
	if !ok {
		return
	}
	if own.Before(h.expires) {
		h.expires = own
	}
	m.results.Set(key, &kept{held: h})
}
