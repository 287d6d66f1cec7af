package pool

import (
	"context"
	"iter"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// run is one call of [Pool.Run]. Below results all is guarded by Pool.mu.
type run struct {
	pool    *Pool
	check   func(*ticket) check.Result
	done    <-chan struct{} // closed when ctx has ended
	results *tray[check.Result]

	caller  *caller
	lanes   map[*host]*lane
	ready   queue[*lane]
	listed  bool // in its caller's turns
	open    int  // targets read and not answered
	held    int  // tickets in lanes of hosts that are not open
	fed     bool // the source has ended
	dropped bool // nothing more is queued
}

// Run implements [check.Runner]. It asks ts for at most Config.Window targets
// more than results were read. A target that waits for its host's turn when ctx
// ends is dropped, one in flight is answered with [check.Canceled]. A source that
// blocks cannot be interrupted: Run returns only after it has.
func (p *Pool) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := p.join(ctx)
		defer p.leave(r)
		defer cancel()
		places := make(chan struct{}, p.cfg.Window)
		go p.feed(r, within(ctx, places, ts))
		var spare []check.Result
		for done := ctx.Done(); ; {
			results, more := r.results.collect(spare)
			for _, res := range results {
				<-places
				if !yield(res) {
					return
				}
			}
			if !more {
				return
			}
			clear(results)
			spare = results
			select {
			case <-r.results.filled:
			case <-done:
				p.cut(r)
				done = nil
			}
		}
	}
}

func (p *Pool) join(ctx context.Context) *run {
	r := &run{
		pool:    p,
		done:    ctx.Done(),
		results: newTray[check.Result](0),
		lanes:   make(map[*host]*lane),
	}
	r.check = func(k *ticket) check.Result { return p.checker.Check(check.WithTurn(ctx, k), k.target) }
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs[r] = struct{}{}
	r.caller = p.callerOf(check.Caller(ctx))
	r.caller.runs++
	p.quiet.Broadcast() // whoever waits for the last goroutine is not the last
	p.overdue(time.Now())
	return r
}

// leave waits until all goroutines that r needs have ended.
func (p *Pool) leave(r *run) {
	p.cut(r)
	r.results.drain()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.runs, r)
	if r.caller.runs--; r.caller.runs == 0 {
		delete(p.callers, r.caller.name)
	}
	if len(p.runs) == 0 {
		p.stopTimer()
	}
	for len(p.runs) == 0 && p.goroutines > 0 {
		p.quiet.Wait()
	}
}

// cut drops what r has queued.
func (p *Pool) cut(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.drop(r, now)
	p.fill(now)
}

// feed reads r's source.
func (p *Pool) feed(r *run, ts iter.Seq[check.Target]) {
	for t := range ts {
		if !p.add(r, t) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.fed = true
	r.closeIfDone()
}

// add queues t for r, or answers it unasked. It reports false when r takes
// nothing any more.
func (p *Pool) add(r *run, t check.Target) bool {
	name, now := t.Host(), time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.dropped {
		return false
	}
	k := &ticket{run: r, host: p.host(name), target: t, since: now, full: p.full.at(now)}
	r.open++
	if p.refuses(k.host, r, now) {
		p.refuse(k, now)
		return true
	}
	p.enqueue(k)
	p.fill(now)
	return true
}

// answer gives k's Result to its Run.
func (p *Pool) answer(k *ticket, res check.Result) {
	k.state = over
	k.run.results.put(res)
	k.run.open--
	k.run.closeIfDone()
}

// drop takes all tickets of r out of their lanes, and lets none in any more.
func (p *Pool) drop(r *run, now time.Time) {
	if r.dropped {
		return
	}
	r.dropped = true
	for h, l := range r.lanes {
		for l.tickets.len() > 0 {
			if k := p.dequeue(l); k.state == queued {
				k.state = over
				r.open--
			} else {
				k.rouse(placeless, nil)
			}
		}
		p.freed(h, now)
	}
	r.ready = queue[*lane]{}
	p.unlist(r)
	r.closeIfDone()
}

// canceled reports whether r's ctx has ended.
func (r *run) canceled() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (r *run) closeIfDone() {
	if r.fed && r.open == 0 {
		r.results.close()
	}
}
