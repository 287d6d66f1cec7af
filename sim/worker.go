package main

import "time"

// A store is the Redis that workers share: a thread for each shard.
type store struct {
	shards []*station
	up     bool
}

// patience is how long a worker waits for a Redis that does not answer before
// its breaker opens: the time-out of internal/cache.
const patience = 200 * time.Millisecond

// load looks up n keys: a round trip to each shard that has one of them.
func (s *store) load(n int, c costs, then func()) {
	among := min(n, len(s.shards))
	left := among
	for i := range among {
		keys := (n + i) / among
		s.shards[i].use(c.RedisTrip+time.Duration(keys)*c.RedisKey, 0, func() {
			if left--; left == 0 {
				then()
			}
		})
	}
}

// save is behind the answers: it costs, and nobody waits for it.
func (s *store) save(n uint64, c costs) {
	if s.up {
		s.shards[n%uint64(len(s.shards))].use(c.RedisSave, 0, nil)
	}
}

// A worker is hc serve worker: it looks up a group, answers hits and has its
// pool check the rest.
type worker struct {
	pool
	store *store
	costs costs
	hopes bool // to find Redis there: its breaker has not opened
	saved uint64
}

// take has each item of g answered, unless the worker dies before.
func (w *worker) take(g *group) {
	n := len(g.items)
	w.cpu.use(w.costs.WorkerGroup+time.Duration(n)*w.costs.WorkerURL, 0, func() {
		switch {
		case w.dead:
		case w.store.up:
			w.store.load(n, w.costs, func() { w.found(g, true) })
		case w.hopes:
			w.clock.after(patience, func() {
				w.hopes = false
				w.found(g, false)
			})
		default:
			w.found(g, false)
		}
	})
}

// found answers what Redis had.
func (w *worker) found(g *group, looked bool) {
	for _, it := range g.items {
		switch {
		case w.dead:
			return
		case looked && it.hit:
			g.answer(it, hit)
		default:
			w.add(&target{wait: it.wait, done: func(o outcome) {
				w.saved++
				w.store.save(w.saved, w.costs)
				g.answer(it, o)
			}})
		}
	}
}
