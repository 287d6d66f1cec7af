package cache

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hc-health/hc/internal/check"
)

// MemoryConfig bounds a [Memory]. The zero value is usable.
type MemoryConfig struct {
	Bytes   int64 // of all results together, about; 0 is 64 MiB, some 70 000 results
	TTL     TTL
	Observe Observer
}

// Memory is a [Store] in this process. When it is full, what is asked for least
// and longest ago makes place. Its methods give no error.
type Memory struct {
	cfg     MemoryConfig
	results *otter.Cache[check.Key, *held]
}

const (
	defaultBytes = 64 << 20

	// heldBytes is what a result takes beside its strings: the held (592 bytes)
	// and its place in the cache (TestMemoryIsBoundedInBytes).
	heldBytes = 800
	hopBytes  = 24
)

// NewMemory makes an empty Memory.
func NewMemory(cfg MemoryConfig) *Memory {
	if cfg.Bytes <= 0 {
		cfg.Bytes = defaultBytes
	}
	return &Memory{cfg: cfg, results: otter.Must(&otter.Options[check.Key, *held]{
		MaximumWeight: uint64(cfg.Bytes),
		Weigher:       weight,
		// Evict in the caller's goroutine, so that no goroutine is left without an
		// owner. For the same reason otter does not expire: its ticker would need
		// one. What is no longer good is not given, and makes place like the rest.
		Executor: func(f func()) { f() },
	})}
}

func weight(_ check.Key, h *held) uint32 {
	r := &h.res
	n := heldBytes + len(r.Error) + len(r.FinalURL) + len(r.Protocol) + len(r.Worker)
	for i := range r.Redirects {
		n += hopBytes + len(r.Redirects[i].URL)
	}
	if r.TLS != nil {
		n += len(r.TLS.Issuer)
	}
	return uint32(n)
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

// Recall answers t alone, for who asks [Through] where it does not: a miss is
// counted there.
func (m *Memory) Recall(t check.Target) (check.Result, bool) {
	var r check.Result
	h, ok := m.results.GetIfPresent(t.Key())
	if !ok || !h.answer(&t, time.Now(), &r) {
		return r, false
	}
	m.cfg.Observe.requests(tierMemory, "hit", 1)
	return r, true
}

// Save implements [Store].
func (m *Memory) Save(_ context.Context, rs []check.Result) error {
	now := time.Now()
	for _, r := range rs {
		if h, ok := hold(r, m.cfg.TTL.orDefault(), now); ok {
			m.results.Set(r.Target.Key(), &h)
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
	m.results.Set(key, &h)
}
