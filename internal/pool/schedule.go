package pool

import (
	"time"

	"github.com/hc-health/hc/internal/check"
)

// The scheduler. A Run's targets stand in lanes, one for each host. A lane is in
// its Run's ready queue or, when its host had no place for it, in that host's
// waiting queue, from where the host moves it back as soon as it has. A slot goes
// to the next Run in turn and there to the next lane, one target each, so that
// neither a long Run nor a long lane keeps a short one waiting. Places are
// counted only when a ticket is taken: a lane may be ready in vain and then waits
// again.
//
// All methods here are called with Pool.mu held, except work and finish, and
// none blocks.

// lane holds the tickets of one Run for one host that have no place yet. It
// lives while it holds one; an empty lane in a queue is passed over.
type lane struct {
	run     *run
	host    *host
	tickets queue[*ticket]
}

// enqueue puts k into its lane: a check that returns in front, a new one behind.
func (p *Pool) enqueue(k *ticket) {
	r, h := k.run, k.host
	l := r.lanes[h]
	if l == nil {
		l = &lane{run: r, host: h}
		r.lanes[h] = l
		h.lanes++
		p.ready(l)
	}
	if k.state == returning {
		l.tickets.pushFront(k)
	} else {
		l.tickets.push(k)
	}
	p.queued++
	if h.mode != open {
		r.held++
	}
}

// dequeue takes the first ticket of l.
func (p *Pool) dequeue(l *lane) *ticket {
	k := l.tickets.pop()
	p.dequeued(l)
	return k
}

func (p *Pool) dequeued(l *lane) {
	p.queued--
	if l.host.mode != open {
		l.run.held--
	}
	if l.tickets.len() == 0 {
		delete(l.run.lanes, l.host)
		l.host.lanes--
	}
}

// ready puts l into its Run's ready queue, and the Run into the turns.
func (p *Pool) ready(l *lane) {
	l.run.ready.push(l)
	p.list(l.run)
}

func (p *Pool) list(r *run) {
	if !r.listed && r.ready.len() > 0 {
		r.listed = true
		r.caller.turns.push(r)
		p.listCaller(r.caller)
	}
}

// fill begins checks while there are slots and tickets for them.
func (p *Pool) fill(now time.Time) {
	for k := p.next(now); k != nil; k = p.next(now) {
		p.goroutines++
		go p.work(k)
	}
}

// work checks k's target, and then others while there are any: a worker is
// started when there is something to do and never kept waiting.
func (p *Pool) work(k *ticket) {
	for k != nil {
		k = p.finish(k, k.check())
	}
}

// finish answers k's target and passes its place on. It gives the ticket that
// the same worker goes on with.
func (p *Pool) finish(k *ticket, res check.Result) *ticket {
	res.Timing.Queue += k.waited
	res.Late = res.Late || k.late
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	k.rouse(placeless, nil) // a check.Flight goes on without the ticket it began with
	if k.state == busy {
		switch res.Reason {
		case check.RateLimited:
			p.throttled(k, res.RetryAfter, now)
		case check.Canceled: // says nothing of the host
		default:
			p.answered(k)
		}
		p.release(k, now)
	}
	p.answer(k, res)
	next := p.next(now)
	p.fill(now)
	if next == nil {
		p.goroutineEnds()
	}
	return next
}

// next takes the ticket that is checked next, with a slot and a place at its
// host; nil when there is none or no slot. Checks that return get theirs on the
// way.
func (p *Pool) next(now time.Time) *ticket {
	for p.inFlight < p.cfg.Concurrency && p.turns.len() > 0 {
		if d := p.pace.wait(now); d > 0 {
			p.wakeAt(p.hostless, now.Add(d)) // no host's alarm, but any serves to come back here
			return nil
		}
		r := p.nextRun()
		if r.canceled() {
			p.drop(r, now)
			continue
		}
		k := p.nextOf(r, now)
		p.list(r)
		switch {
		case k == nil:
		case k.state == returning:
			k.rouse(busy, nil)
		default:
			k.state, k.waited = busy, now.Sub(k.since)
			k.late = p.cfg.Late > 0 && p.full.at(now)-k.full > p.cfg.Late
			return k
		}
	}
	return nil
}

// nextOf takes a slot, a ticket of r whose host admits it, and its place there.
func (p *Pool) nextOf(r *run, now time.Time) *ticket {
	for r.ready.len() > 0 {
		l := r.ready.pop()
		if l.tickets.len() == 0 {
			continue
		}
		h := l.host
		for l.tickets.len() > 0 && l.tickets.front().state >= placeless {
			p.dequeue(l)
		}
		switch {
		case l.tickets.len() == 0:
			p.freed(h, now)
			continue
		case !p.admits(h, now):
			h.waiting.push(l)
			continue
		}
		k := p.dequeue(l)
		if l.tickets.len() > 0 {
			r.ready.push(l)
		}
		if p.inFlight++; p.inFlight == p.cfg.Concurrency {
			p.full.start(now)
		}
		p.pace.take(now, p.interval)
		h.enter(k, now, p.perHost)
		return k
	}
	return nil
}

// release gives k's slot and its place back.
func (p *Pool) release(k *ticket, now time.Time) {
	if p.inFlight == p.cfg.Concurrency {
		p.full.stop(now)
	}
	p.inFlight--
	k.host.busy--
	if k.host.probe == k {
		k.host.probe = nil // without a verdict; the next one probes
	}
	p.freed(k.host, now)
}

// freed lets lanes that wait for h go on, as many as it has places, and forgets
// h when it is idle. It may be called at any time.
func (p *Pool) freed(h *host, now time.Time) {
	for room := h.room(now); room > 0 && h.waiting.len() > 0; {
		if l := h.waiting.pop(); l.tickets.len() > 0 {
			p.ready(l)
			room--
		}
	}
	if h.waiting.len() > 0 && h.pausing(now) {
		p.wakeAt(h, h.until)
	}
	p.forgetIdle(h, now)
}

// goroutineEnds is the last that a worker or a ring does.
func (p *Pool) goroutineEnds() {
	if p.goroutines--; p.goroutines == 0 {
		p.quiet.Broadcast()
	}
}
