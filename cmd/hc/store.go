package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

// A store is what --cache names.
type store struct {
	cache.Store               // nil for off
	memory      *cache.Memory // nil for none
	shared      *cache.Redis  // nil for none
	required    bool
	observe     cache.Observer
}

// openStore makes the cache. A wrong address is exit 2; a shared one that does
// not answer is exit 3 where it is required.
func (s *Settings) openStore(ctx context.Context, c *console, observe cache.Observer) (*store, error) {
	st := &store{required: s.CacheRequired, observe: observe}
	switch s.Cache {
	case "off":
		return st, nil
	case "memory":
		st.memory = cache.NewMemory(cache.MemoryConfig{TTL: s.CacheTTL, Observe: observe})
		st.Store = st.memory
		return st, nil
	}
	var err error
	st.shared, err = cache.NewRedis(cache.RedisConfig{Address: s.Cache, TTL: s.CacheTTL, Log: c.log(), Observe: observe})
	if err != nil {
		return nil, fmt.Errorf("--cache: %w", err)
	}
	st.Store = st.shared
	if st.required {
		if err := st.shared.Ping(ctx); err != nil {
			return nil, errors.Join(st.gone(err), st.shared.Close())
		}
	}
	return st, nil
}

// through puts the cache in front of next.
func (st *store) through(next check.Runner) check.Runner {
	if st.Store == nil {
		return next
	}
	return cache.Through(next, st.Store, cache.Config{Observe: st.observe})
}

// lost ends a run that must not go on without its cache.
func (st *store) lost() error {
	if st.shared == nil || !st.required || st.shared.Lost() == nil {
		return nil
	}
	return st.gone(st.shared.Lost())
}

func (st *store) gone(err error) error {
	return exit(exitRuntime, "the cache is required and does not answer: %v", check.MaskText(err.Error()))
}

func (st *store) close() {
	if st.shared != nil {
		_ = st.shared.Close() // what was saved is saved
	}
}
