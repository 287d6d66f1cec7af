//go:build unix && faults

package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestFault02RedisKilledUnderLoad: callers keep asking for the same pages while
// Redis dies, is away for 10 s, and comes back empty.
func TestFault02RedisKilledUnderLoad(t *testing.T) {
	t.Parallel()
	redis, kill := startRedis(t)
	c := cachedBy(t, redis)
	ctx, end := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	callers := []*caller{c.caller}
	for i := range 4 {
		more := newCaller(t)
		callers = append(callers, more)
		asking.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				pages := c.pages(fmt.Sprintf("%d/%d", i, round%10), 20)
				more.ask(t, c.front.address, pages).complete(t, len(pages))
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	hits := func() float64 { return c.worker.metric(t, `hc_cache_requests_total{result="hit",tier="redis"}`) }
	eventually(t, "hits", func() bool { return hits() > 100 })
	kill()
	eventually(t, "hc_cache_up to be 0", func() bool { return c.worker.metric(t, "hc_cache_up") == 0 })
	time.Sleep(redisTimeout) // what it had answered is counted
	missed := hits()
	time.Sleep(10 * time.Second)
	if now := hits(); now != missed {
		t.Errorf("%v hits at a Redis that is not there", now-missed)
	}
	startRedisAt(t, hostOf(redis))
	c.hitsAgain(t, time.Now())
	end()
	asking.Wait()
	for _, one := range callers {
		for _, e := range one.exchanges() {
			if e.answer.code != 200 {
				t.Errorf("a batch failed: %d %v", e.answer.code, e.answer.header)
			}
		}
	}
	c.ends(t)
	c.holds(t, laws{}, callers...)
}
