package pool

import (
	"strings"
	"time"
)

const (
	minPause = time.Second // whatever a host that throttles asks for
	maxPause = time.Minute // the same; lychee's limit too

	// recall is how long after its last pause a host that throttled is still
	// met with a single probe.
	recall = time.Minute
	// maxRecalled bounds the hosts kept for their past alone: 20 MB of them.
	maxRecalled = 1 << 16
)

// mode is how a host stands with us. It is open until it throttles; then it is
// paused: its targets wait, and when the pause is over one of them probes. If
// the probe is not throttled the host is open again, carefully. If it is, two
// rounds are enough: the host is shut, which answers its targets unasked until
// the pause it asked for is over. Then it is paused as before: one more probe.
type mode uint8

const (
	open mode = iota
	paused
	shut
)

// host is what the pool knows of a host with targets in the pool, or with a
// past that still matters. Guarded by Pool.mu.
type host struct {
	name  string // "" for targets of no host: no limit holds
	busy  int    // places taken
	limit int    // places, while open
	mode  mode
	until time.Time // the pause's end, unless open
	probe *ticket   // the one check since the pause ended; nil for none
	pace  pace

	lanes   int                  // lanes with a ticket
	waiting queue[*lane]         // those of them that found no place
	asleep  map[*ticket]struct{} // checks between two attempts

	due   time.Time // in Pool.alarms; zero for not
	alarm int       // where there
}

// host gives the host of that name, known or new.
func (p *Pool) host(name string) *host {
	if name == "" {
		return p.hostless
	}
	h := p.hosts[name]
	if h == nil {
		h = &host{name: strings.Clone(name), limit: p.cfg.PerHost} // not to keep a whole URL
		p.hosts[h.name] = h
	}
	return h
}

// forgetIdle forgets h once nothing of it is in the pool and its past does not
// matter any more.
func (p *Pool) forgetIdle(h *host, now time.Time) {
	if h.busy > 0 || h.lanes > 0 || len(h.asleep) > 0 || h == p.hostless {
		return
	}
	until := h.pace.next
	if past := h.until.Add(recall); h.mode != open && past.After(until) && len(p.alarms) < maxRecalled {
		until = past
	}
	if now.Before(until) {
		p.wakeAt(h, until)
		return
	}
	delete(p.hosts, h.name)
	p.noAlarm(h)
}

// pausing reports whether h is to be left alone now.
func (h *host) pausing(now time.Time) bool { return h.mode != open && now.Before(h.until) }

// room is how many checks of h may begin now, as far as their number goes.
func (h *host) room(now time.Time) int {
	switch {
	case h.name == "":
		return 1
	case h.mode == open:
		return h.limit - h.busy
	case h.probe != nil || now.Before(h.until):
		return 0
	default:
		return min(1, h.limit-h.busy)
	}
}

// admits reports whether a check of h may begin now. When only time is in the
// way, an alarm is set.
func (p *Pool) admits(h *host, now time.Time) bool {
	if h.room(now) <= 0 {
		if h.pausing(now) {
			p.wakeAt(h, h.until)
		}
		return false
	}
	if d := h.pace.wait(now); d > 0 {
		p.wakeAt(h, now.Add(d))
		return false
	}
	return true
}

// enter takes a place at h for k.
func (h *host) enter(k *ticket, now time.Time, interval time.Duration) {
	h.busy++
	if h.name == "" {
		return
	}
	h.pace.take(now, interval)
	if h.mode != open {
		h.probe = k
	}
}
