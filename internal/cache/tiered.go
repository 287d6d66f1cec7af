package cache

import (
	"context"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Tiered is a memory over Redis. What the memory misses is asked of Redis, and
// then kept in memory for no longer than Redis keeps it: nothing is served past
// its TTL. A newer result of another process is seen when the memory's own TTL
// ends, so that one is best a few seconds.
type Tiered struct {
	*Redis // leases, health
	front  *Memory
}

// Over puts front over back.
func Over(front *Memory, back *Redis) *Tiered { return &Tiered{Redis: back, front: front} }

// Load implements [Store].
func (s *Tiered) Load(ctx context.Context, ts []check.Target) ([]check.Result, error) {
	rs, _ := s.front.Load(ctx, ts)
	return s.below(ctx, ts, rs, s.observe)
}

func (s *Tiered) peek(ctx context.Context, ts []check.Target) ([]check.Result, error) {
	rs, _ := s.front.peek(ctx, ts)
	return s.below(ctx, ts, rs, Observer{})
}

// below looks into Redis for the misses in rs, the front's answers to ts.
func (s *Tiered) below(ctx context.Context, ts []check.Target, rs []check.Result, observe Observer) ([]check.Result, error) {
	var missed []check.Target
	var at []int // where they are in ts
	for i := range rs {
		if rs[i].CheckedAt.IsZero() {
			missed, at = append(missed, ts[i]), append(at, i)
		}
	}
	if len(missed) == 0 {
		return rs, nil
	}
	now := time.Now()
	found, failed, err := s.look(ctx, missed, func(key check.Key, h held) { s.front.keep(key, h, now) })
	observe.looked(tierRedis, found, failed)
	for i := range found {
		rs[at[i]] = found[i]
	}
	return rs, err
}

// Save implements [Store].
func (s *Tiered) Save(ctx context.Context, rs []check.Result) error {
	now := time.Now()
	keys, hs := holdAll(rs, s.ttl, now)
	for i, key := range keys {
		s.front.keep(key, hs[i], now)
	}
	return s.save(ctx, keys, hs, now)
}
