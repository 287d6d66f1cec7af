package main

import (
	"context"
	"fmt"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/report"
	"github.com/hc-health/hc/internal/rpc"
)

// A backend is what a gateway is in front of.
type backend struct {
	check.Runner
	hot   *cache.Memory         // nil for none
	guard *check.Guard          // nil where the Runner has it in this process
	ready func() bool           // nil is always
	http  check.HTTPConfig      // of what this process dials
	watch func(context.Context) // until ctx ends
	close func()
}

func (s *Settings) backend(ctx context.Context, c *console, m *meters) (*backend, error) {
	if len(s.Workers) > 0 {
		return s.workersBehind(ctx, c, m)
	}
	return s.engineBehind(ctx, c, m)
}

// engineBehind is an engine in this process, with a memory of what it answered.
func (s *Settings) engineBehind(ctx context.Context, c *console, m *meters) (*backend, error) {
	busy, idle := s.serviceSockets(c, probesAtOnce(openFiles()))
	http, err := s.http(idle, m.Blocked)
	if err != nil {
		return nil, err
	}
	store, err := s.openStore(ctx, c, m.ofCache())
	if err != nil {
		return nil, err
	}
	store.remember(s.CacheTTL)
	engine, shut := s.serviceEngine(http, store, busy, m)
	return &backend{
		Runner: engine,
		hot:    store.memory,
		http:   http,
		watch:  store.watch,
		close:  func() { shut(); store.close() },
	}, nil
}

// workersBehind is workers, and a memory in front of them.
func (s *Settings) workersBehind(ctx context.Context, c *console, m *meters) (*backend, error) {
	if s.Cache != "off" && s.Cache != "memory" {
		return nil, fmt.Errorf("--cache %s with --workers: give it to the workers, here is room for memory or off only", check.MaskURL(s.Cache))
	}
	http, err := s.http(0, m.Blocked)
	if err != nil {
		return nil, err
	}
	front := *s
	front.CacheTTL = withinTTL(s.CacheTTL)
	store, err := front.openStore(ctx, c, m.ofCache())
	if err != nil {
		return nil, err
	}
	workers, err := s.connect(c, rpc.ClientConfig{Observe: m.ofCalls(), Traceparent: m.traceparent, Group: m.trace.Group})
	if err != nil {
		return nil, err
	}
	return &backend{
		Runner: store.through(workers),
		hot:    store.memory,
		guard:  http.Guard,
		ready:  workers.Ready,
		http:   http,
		watch:  store.watch,
		close:  func() { _ = workers.Close(); store.close() },
	}, nil
}

// withinTTL is for a cache in front of another one with the TTL t. Either is
// cut or stretched by up to a tenth at random, and what comes out of the other
// has used up its age here too: with four fifths, nothing is served past the end
// it has there.
func withinTTL(t cache.TTL) cache.TTL {
	return cache.TTL{Pass: t.Pass * 4 / 5, Fail: t.Fail * 4 / 5}
}

// remember puts a memory with the same TTL over the shared cache, if there is one.
func (st *store) remember(ttl cache.TTL) {
	if st.shared != nil {
		st.memory = cache.NewMemory(cache.MemoryConfig{TTL: ttl, Observe: st.observe})
		st.Store = cache.Over(st.memory, st.shared)
	}
}

// watch keeps an eye on the shared cache, if there is one, until ctx ends.
func (st *store) watch(ctx context.Context) {
	if st.shared != nil {
		st.shared.Watch(ctx)
	}
}

// serviceSockets leaves half of the descriptors for callers, and one for each of
// the probes that may run beside the engine.
func (s *Settings) serviceSockets(c *console, probes int) (busy, idle int) {
	limit := openFiles()
	return s.sockets(c, limit, max(spareFiles, limit/2)+probes)
}

// probesAtOnce is how many probes may run where limit files may be open, 0 for
// any number: an eighth, so that they fit beside the engine and its callers.
func probesAtOnce(limit int) int {
	const most = 256
	if limit == 0 {
		return most
	}
	return min(most, max(1, limit/8))
}

// requestsAtOnce is how many requests may wait for their answer where limit files
// may be open, 0 for any number: a quarter, half of what [Settings.serviceSockets]
// leaves for callers. In the other half there is room for those that are refused: out
// of descriptors a server does not even take their connections, and they wait.
func requestsAtOnce(limit int) int {
	if limit == 0 {
		return 0
	}
	return max(1, limit/4)
}

// probe is what answers /probe. http is how this process dials.
func (s *Settings) probe(http check.HTTPConfig, m *meters) (*gateway.Probe, error) {
	cfg := gateway.ProbeConfig{HTTP: http, AtOnce: probesAtOnce(openFiles()), Result: m.probed}
	if s.Service.ProbeConfig != "" {
		var err error
		if cfg.Modules, err = report.ReadModules(s.Service.ProbeConfig); err != nil {
			return nil, fmt.Errorf("--probe-config: %w", err)
		}
	}
	probe, err := gateway.NewProbe(cfg)
	if err != nil {
		return nil, fmt.Errorf("--probe-config: %w", err)
	}
	return probe, nil
}
