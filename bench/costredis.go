package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/hc-health/hc/internal/cache"
)

// redisCosts has a bare client keep redis-server busy: what a round trip and a
// key cost it, and how many its single thread can bear.
func redisCosts(ctx context.Context, l *lab) ([]cost, error) {
	server, err := l.startRedis(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	store, err := cache.NewRedis(cache.RedisConfig{Address: server.url(), Timeout: time.Second})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	const n = 100_000
	_, keys, err := remember(ctx, store, n)
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(&redis.Options{Addr: server.addr})
	defer client.Close()
	held, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return nil, err
	}
	var bytes float64
	if _, err := fmt.Sscanf(held, "# Memory\r\nused_memory:%f", &bytes); err != nil {
		return nil, fmt.Errorf("INFO memory of Redis: %w", err)
	}
	all := []cost{{"memory of a result", bytes / n, "bytes"}}
	for _, trip := range trips(client) {
		costs, err := l.medians(func() ([]cost, error) { return server.busy(ctx, trip, keys) })
		if err != nil {
			return nil, err
		}
		all = append(all, costs...)
	}
	return all, nil
}

// A trip is what is sent at once, for so many keys.
type trip struct {
	name string
	keys int
	send func(ctx context.Context, keys []string) error
}

func trips(client *redis.Client) []trip {
	mget := func(ctx context.Context, keys []string) error { return client.MGet(ctx, keys...).Err() }
	// What a URL that nobody has asked for costs beside its look-up, as in
	// internal/cache: its lease, its result, the lease's end.
	const release = `if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('set',KEYS[1],ARGV[1],'px',ARGV[2]) end`
	value := make([]byte, 200)
	leased := func(ctx context.Context, keys []string) error {
		p := client.Pipeline()
		for _, k := range keys {
			p.SetNX(ctx, k+":lock", "hc-lease", 3*time.Second)
			p.Set(ctx, k, value, time.Hour)
			p.Eval(ctx, release, []string{k + ":lock"}, "hc-lease", 1)
		}
		if _, err := p.Exec(ctx); !errors.Is(err, redis.Nil) { // which is a lease that was over
			return err
		}
		return nil
	}
	set := func(ctx context.Context, keys []string) error {
		p := client.Pipeline()
		for _, k := range keys {
			p.Set(ctx, k, value, time.Hour)
		}
		_, err := p.Exec(ctx)
		return err
	}
	return []trip{
		{"MGET of 1", 1, mget},
		{"MGET of 64", 64, mget},
		{"MGET of 100", 100, mget},
		{"MGET of 512", 512, mget},
		{"SET, 64 in a pipeline", 64, set},
		{"SETNX, SET, EVAL for each of 64, in a pipeline", 64, leased},
	}
}

// busy sends t for a second, 4 at once.
func (r *redisServer) busy(ctx context.Context, t trip, keys []string) ([]cost, error) {
	const atOnce = 4
	before, err := r.cpu()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	counts := make([]int, atOnce)
	g, within := errgroup.WithContext(ctx)
	for i := range atOnce {
		g.Go(func() error {
			for at := i * t.keys; time.Since(start) < time.Second; at += t.keys {
				at %= len(keys) - t.keys
				if err := t.send(within, keys[at:at+t.keys]); err != nil {
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	took := time.Since(start)
	after, err := r.cpu()
	sent := 0
	for _, n := range counts {
		sent += n
	}
	each := micros(after-before) / float64(sent)
	return []cost{
		{t.name, float64(sent*t.keys) / took.Seconds(), "keys/s"},
		{t.name + ", redis-server", each, "µs CPU/round trip"},
		{t.name + ", its thread at 100 %", 1e6 / each * float64(t.keys), "keys/s"},
	}, err
}
