package main

import "time"

const (
	pause   = time.Second // how long a host that throttles is left alone
	perHost = 10          // checks of one host at once
)

// An outcome is how a target was answered.
type outcome uint8

const (
	checked  outcome = iota
	hit              // from Redis
	unasked          // its host throttles
	lost             // each worker that had it died
	outcomes         // how many there are
)

// A target is a URL on its way through a pool. How long it takes to answer is
// drawn before, so that two runs differ in nothing but what is to be compared.
type target struct {
	host *host // nil: nobody else's
	wait time.Duration
	done func(outcome)
}

// A host has several targets.
type host struct {
	throttles bool
	busy      int
	waiting   []*target
	paused    bool // since it throttled
	probing   bool // asked once more
	shut      bool // and throttled again
}

// A pool is internal/pool with its Checker: places, limits of hosts, and the CPU
// that a check costs, half of it before the target answers.
type pool struct {
	clock  *clock
	cpu    *station
	cost   time.Duration // CPU of a check
	places int
	most   int // targets that hosts which throttle may keep waiting; 0 is any number

	busy   int
	ready  fifo
	held   int // waiting for a host that throttles
	dead   bool
	area   float64 // places in use, over time, in seconds
	change time.Duration
}

// fifo is a queue of targets.
type fifo struct {
	items []*target
	head  int
}

func (f *fifo) push(t *target) { f.items = append(f.items, t) }

func (f *fifo) pop() *target {
	t := f.items[f.head]
	f.items[f.head] = nil
	if f.head++; f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	}
	return t
}

func (f *fifo) len() int { return len(f.items) - f.head }

// add takes a target. It begins when there is a place and its host has room.
func (p *pool) add(t *target) {
	switch h := t.host; {
	case h == nil:
		p.ready.push(t)
	case h.shut, h.paused && p.most > 0 && p.held >= p.most:
		t.done(unasked)
		return
	default:
		h.waiting = append(h.waiting, t)
		if h.paused {
			p.held++
		}
		p.admit(h)
	}
	p.next()
}

// admit makes those of h's targets ready that it has room for.
func (p *pool) admit(h *host) {
	for len(h.waiting) > 0 && h.busy < perHost && !h.paused {
		h.busy++
		p.ready.push(h.waiting[0])
		h.waiting = h.waiting[1:]
	}
}

func (p *pool) next() {
	for p.busy < p.places && p.ready.len() > 0 && !p.dead {
		p.begin(p.ready.pop())
	}
}

func (p *pool) begin(t *target) {
	p.count(1)
	p.cpu.use(p.cost/2, t.wait, func() {
		p.cpu.use(p.cost-p.cost/2, 0, func() { p.end(t) })
	})
}

// count changes the places in use.
func (p *pool) count(by int) {
	p.area += float64(p.busy) * (p.clock.now - p.change).Seconds()
	p.change = p.clock.now
	p.busy += by
}

func (p *pool) end(t *target) {
	p.count(-1)
	if p.dead {
		return
	}
	if h := t.host; h != nil {
		h.busy--
		if h.throttles {
			p.throttled(h)
			t.done(unasked)
			p.next()
			return
		}
		p.admit(h)
	}
	t.done(checked)
	p.next()
}

// throttled leaves h alone, then asks it once more, then answers for it.
func (p *pool) throttled(h *host) {
	switch {
	case h.probing:
		h.shut, h.paused, h.probing = true, false, false
		p.held -= len(h.waiting)
		p.refuse(h, 0)
	case !h.paused && !h.shut:
		h.paused = true
		p.held += len(h.waiting)
		if p.most > 0 && p.held > p.most {
			p.held = p.most
			p.refuse(h, p.most)
		}
		p.clock.after(pause, func() { p.probe(h) })
	}
}

// refuse answers all that waits for h but the first few.
func (p *pool) refuse(h *host, but int) {
	rest := h.waiting[but:]
	h.waiting = h.waiting[:but:but]
	for _, t := range rest {
		t.done(unasked)
	}
}

func (p *pool) probe(h *host) {
	if len(h.waiting) == 0 {
		h.paused = false
		return
	}
	h.probing = true
	h.busy++
	p.held--
	p.ready.push(h.waiting[0])
	h.waiting = h.waiting[1:]
	p.next()
}
