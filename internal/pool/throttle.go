package pool

import (
	"fmt"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// throttled notes that k's host asked to be left alone for so long, 0 where it
// named no time. It is for a second at least: two rounds with the short waits of
// a first retry would give up a host that counts requests by the second. What
// the checks of one round are told is one pause.
func (p *Pool) throttled(k *ticket, asked time.Duration, now time.Time) {
	h := k.host
	if h == p.hostless {
		return
	}
	until := now.Add(min(max(asked, minPause), maxPause))
	switch {
	case h.probe == k: // a second round
		h.until = until
		p.shut(h, now)
	case h.mode == open:
		h.until = until
		p.pause(h, now)
	case until.After(h.until):
		h.until = until
	}
}

// answered notes that k's host answered without throttling. A probe opens it,
// with one place; each answer doubles the places, up to Config.PerHost. A release
// of k's place follows.
func (p *Pool) answered(k *ticket) {
	h := k.host
	switch {
	case h.probe == k:
		h.mode, h.probe, h.limit = open, nil, 1
		for r := range p.runs {
			if l := r.lanes[h]; l != nil {
				r.held -= l.tickets.len()
			}
		}
	case h.mode == open:
		h.limit = min(2*h.limit, p.cfg.PerHost)
	}
}

// pause makes the targets of h wait. Those of all paused hosts may hold half of
// each Run's window, so that a Run can read on past a host with ten thousand
// URLs; what is above that is answered unasked, the youngest first.
func (p *Pool) pause(h *host, now time.Time) {
	h.mode = paused
	for r := range p.runs {
		l := r.lanes[h]
		if l == nil {
			continue
		}
		r.held += l.tickets.len()
		for r.held > p.cfg.Window/2 && l.tickets.len() > 0 && l.tickets.back().state == queued {
			k := l.tickets.popBack()
			p.dequeued(l)
			p.refuse(k, now)
		}
	}
	if h.waiting.len() > 0 {
		p.wakeAt(h, h.until)
	}
}

// shut answers all that waits for h: targets unasked, and checks between two
// attempts with what they know.
func (p *Pool) shut(h *host, now time.Time) {
	h.mode, h.probe = shut, nil
	for r := range p.runs {
		l := r.lanes[h]
		for l != nil && l.tickets.len() > 0 {
			if k := p.dequeue(l); k.state == queued {
				p.refuse(k, now)
			} else {
				k.rouse(placeless, check.ErrThrottled)
			}
		}
	}
	for k := range h.asleep {
		k.rouse(placeless, check.ErrThrottled)
	}
	h.waiting = queue[*lane]{}
}

// refuses reports whether a target of h that arrives for r now is answered
// unasked.
func (p *Pool) refuses(h *host, r *run, now time.Time) bool {
	switch {
	case !h.pausing(now):
		if h.mode == shut {
			h.mode = paused // one more probe
		}
		return false
	case h.mode == shut:
		return true
	default:
		return r.held >= p.cfg.Window/2
	}
}

// refuse answers k's target unasked.
func (p *Pool) refuse(k *ticket, now time.Time) {
	res := check.Failed(k.target, check.RateLimited,
		fmt.Sprintf("%s keeps answering 429: not asked; slow down with --host-rate", k.host.name))
	res.Timing.Queue = now.Sub(k.since)
	p.answer(k, res)
}
