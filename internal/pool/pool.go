// Package pool says how many checks run at once, and whose turn it is.
//
// A [Pool] makes a [check.Runner] of a [check.Checker]. Two limits are kept
// apart: slots, which bound the checks in flight of all Runs together and are
// freed when a check ends, and each Run's window, which bounds the targets read
// whose results are not read yet. A target gets a slot only when its host is
// ready for it, so a host that is slow or throttles holds up nobody but itself
// (docs/adr/0003-host-ready-scheduling.md). [Groups], [Windowed] and [Detour] are
// the verbs with which other rooms group their input and output.
package pool

import (
	"sync"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Config of a Pool. The zero value is usable.
type Config struct {
	Concurrency int     // checks in flight, of all Runs together; 0 is 256
	PerHost     int     // of these, of one host; 0 is 10
	Rate        float64 // attempts begun a second, with a burst of 1; 0 is no limit
	HostRate    float64 // the same for each host
	Window      int     // targets of a Run read and not answered, or answered and not read; 0 is 4·Concurrency+4096

	// A target that waits for longer than Late while no slot is free is answered
	// as [check.Result.Late]; 0 is never.
	Late time.Duration
}

func (c Config) withDefaults() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = 256
	}
	if c.PerHost <= 0 {
		c.PerHost = 10
	}
	if c.Window <= 0 {
		c.Window = 4*c.Concurrency + 4096
	}
	return c
}

// Pool is a [check.Runner] whose Runs share its limits. It has goroutines only
// while a Run lives. Of a host it keeps nothing once no target of it is left,
// except for a while, and for a bounded number of hosts, that it has throttled.
//
// A target costs about 1.5 µs on a host of its own (BenchmarkDistinctHosts).
type Pool struct {
	checker  check.Checker
	cfg      Config
	interval time.Duration // between two attempts, from Rate
	perHost  time.Duration // the same of one host, from HostRate
	hostless *host         // of targets that have none

	mu         sync.Mutex
	runs       map[*run]struct{}
	hosts      map[string]*host
	turns      queue[*caller]     // those with a Run that has a ready lane, each once
	callers    map[string]*caller // by name, while one of their Runs lives
	pace       pace
	inFlight   int        // slots taken
	full       full       // runs while they all are
	queued     int        // tickets in lanes
	goroutines int        // workers, and a ring to come
	quiet      *sync.Cond // there are none any more

	alarms   alarms
	timer    *time.Timer
	timerDue time.Time // what timer is set to; zero for not set
}

// New gives a Pool that asks c.
func New(c check.Checker, cfg Config) *Pool {
	cfg = cfg.withDefaults()
	p := &Pool{
		checker:  c,
		cfg:      cfg,
		interval: interval(cfg.Rate),
		perHost:  interval(cfg.HostRate),
		hostless: &host{},
		runs:     make(map[*run]struct{}),
		hosts:    make(map[string]*host),
		callers:  make(map[string]*caller),
	}
	p.quiet = sync.NewCond(&p.mu)
	return p
}

// Stats is the load of a Pool at one moment.
type Stats struct {
	Capacity int // slots
	InFlight int // slots taken
	Queued   int // targets, and checks between two attempts, that wait for a slot or their host's turn
}

// Stats gives the load now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Capacity: p.cfg.Concurrency, InFlight: p.inFlight, Queued: p.queued}
}
