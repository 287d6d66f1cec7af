package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// What internal/rpc does: the balancer is asked for each call, and a call takes
// groups until it is old or holds enough.
const (
	groupSize  = 64
	callSize   = 256
	callAge    = 100 * time.Millisecond
	lanes      = 4
	choices    = 5
	tries      = 3
	maxPending = 20_000
)

// A batch is a request of a caller.
type batch struct {
	born time.Duration
	left int
	done func()
}

// An item is a URL of a batch.
type item struct {
	batch    *batch
	wait     time.Duration
	hit      bool
	answered bool
}

// A group is what a gateway sends to a worker at once.
type group struct {
	id      uint64
	items   []*item
	gateway *gateway
	call    *call
	left    int
	try     int
}

// A call is shared by groups that go to one worker.
type call struct {
	worker int
	born   time.Duration
	open   int
	closed bool
}

// A gateway is hc serve gateway: it admits batches, deals their URLs to workers
// and deals with their deaths.
type gateway struct {
	clock   *clock
	cpu     *station
	costs   costs
	rng     *rand.Rand
	hop     time.Duration // one way to a worker
	size    int           // of a call
	workers []*worker
	known   []int // the workers that are there, as far as this gateway knows
	calls   []int // open to each worker
	lanes   [lanes]*call
	flying  map[*group]struct{}
	groups  uint64
	pending int
	refused int
	record  func(born time.Duration, o outcome)
}

// post takes a batch, or refuses it whole.
func (g *gateway) post(items []*item) bool {
	if g.pending+len(items) > maxPending {
		g.refused += len(items)
		return false
	}
	g.pending += len(items)
	cost := g.costs.GatewayBatch + time.Duration(len(items))*g.costs.GatewayURL/2
	g.cpu.use(cost, g.hop, func() {
		for some := range slices.Chunk(items, groupSize) {
			g.send(some, 1)
		}
	})
	return true
}

func (g *gateway) send(items []*item, try int) {
	if len(g.known) == 0 || try > tries {
		for _, it := range items {
			g.answer(it, lost)
		}
		return
	}
	g.groups++
	gr := &group{id: g.groups, items: items, gateway: g, left: len(items), try: try}
	gr.call = g.join(gr)
	gr.call.open += len(items)
	g.flying[gr] = struct{}{}
	if w := g.workers[gr.call.worker]; !w.dead { // else it is found out soon
		w.take(gr)
	}
}

// join gives the lane's call, a new one where that is old or holds enough.
func (g *gateway) join(gr *group) *call {
	lane := &g.lanes[gr.id%lanes]
	c := *lane
	if c != nil && !c.closed && g.clock.now-c.born <= callAge && (c.open == 0 || c.open+gr.left <= g.size) {
		return c
	}
	if c != nil {
		g.close(c)
	}
	best := g.known[g.rng.IntN(len(g.known))]
	for range choices - 1 {
		if other := g.known[g.rng.IntN(len(g.known))]; g.calls[other] < g.calls[best] {
			best = other
		}
	}
	g.calls[best]++
	*lane = &call{worker: best, born: g.clock.now}
	return *lane
}

func (g *gateway) close(c *call) {
	if c.closed {
		return
	}
	c.closed = true
	if c.open == 0 {
		g.calls[c.worker]--
	}
}

// answer is a worker's answer to one item of the group.
func (gr *group) answer(it *item, o outcome) {
	g := gr.gateway
	if _, there := g.flying[gr]; !there {
		return // sent to another since
	}
	cost := g.costs.GatewayURL / 2
	if o == checked {
		cost += g.costs.GatewayNew
	}
	g.cpu.use(cost, g.hop, func() { g.hear(gr, it, o) })
}

func (g *gateway) hear(gr *group, it *item, o outcome) {
	if _, there := g.flying[gr]; !there || it.answered {
		return
	}
	c := gr.call
	if c.open--; c.open == 0 && c.closed {
		g.calls[c.worker]--
	}
	if gr.left--; gr.left == 0 {
		delete(g.flying, gr)
	}
	g.answer(it, o)
}

func (g *gateway) answer(it *item, o outcome) {
	it.answered = true
	g.pending--
	g.record(it.batch.born, o)
	if it.batch.left--; it.batch.left == 0 && it.batch.done != nil {
		it.batch.done()
	}
}

// misses has the gateway find out that a worker is gone. What it held goes to
// others, after the pause that internal/rpc makes.
func (g *gateway) misses(w int) {
	g.known = slices.DeleteFunc(slices.Clone(g.known), func(k int) bool { return k == w })
	var orphans []*group
	for gr := range g.flying {
		if gr.call.worker == w {
			orphans = append(orphans, gr)
		}
	}
	slices.SortFunc(orphans, func(a, b *group) int { return int(a.id) - int(b.id) })
	for _, c := range g.lanes {
		if c != nil && c.worker == w {
			c.closed = true
		}
	}
	for _, gr := range orphans {
		delete(g.flying, gr)
		rest := slices.DeleteFunc(slices.Clone(gr.items), func(it *item) bool { return it.answered })
		g.clock.after(time.Duration(g.rng.Int64N(int64(50*time.Millisecond<<gr.try))), func() { g.send(rest, gr.try+1) })
	}
}
