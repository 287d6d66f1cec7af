package cache

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/hc-health/hc/internal/check"
)

func (s *Redis) acquire(ctx context.Context, keys []check.Key, token string) ([]bool, error) {
	p := s.client.Pipeline()
	for _, name := range names(keys, lockSuffix) {
		p.SetNX(ctx, name, token, leaseTTL)
	}
	cmds, _, err := s.exec(ctx, s.writes, p)
	got := make([]bool, len(keys))
	for i, cmd := range cmds {
		if set, ok := cmd.(*redis.BoolCmd); ok {
			got[i] = set.Val()
		}
	}
	return got, err
}

func (s *Redis) taken(ctx context.Context, keys []check.Key) ([]bool, error) {
	taken := make([]bool, len(keys))
	values, _, err := s.fetch(ctx, names(keys, lockSuffix))
	for i, v := range values {
		token, _ := v.(string)
		taken[i] = strings.HasPrefix(token, tokenPrefix)
	}
	return taken, err
}

// keepIfMine sets the life of a lease where it is still the caller's. A life of
// 1 ms is its end: done by SET, so that a user with +get +set +mget +eval can.
const keepIfMine = `if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('set',KEYS[1],ARGV[1],'px',ARGV[2]) end`

func (s *Redis) renew(ctx context.Context, keys []check.Key, token string) error {
	return s.keepFor(ctx, keys, token, leaseTTL)
}

func (s *Redis) release(ctx context.Context, keys []check.Key, token string) error {
	return s.keepFor(ctx, keys, token, minTTL)
}

func (s *Redis) keepFor(ctx context.Context, keys []check.Key, token string, d time.Duration) error {
	p := s.client.Pipeline()
	for _, name := range names(keys, lockSuffix) {
		p.Eval(ctx, keepIfMine, []string{name}, token, d.Milliseconds())
	}
	_, _, err := s.exec(ctx, s.writes, p)
	return err
}
