package cache

import (
	"context"
	"iter"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
)

// Config of [Through]. The zero value is usable.
type Config struct {
	Group   int // targets looked up in one round trip; 0 is 256, more than 512 is 512
	Lookups int // groups looked up at the same time; 0 is 4
	Waiting int // targets of a Run that wait for the check of an equal one; 0 is 500
	Observe Observer
}

// A group waits this long for more targets when the source is slow.
const lookLinger = time.Millisecond

func (c Config) withDefaults() Config {
	or := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	c.Group = min(or(c.Group, 256), 512)
	c.Lookups = or(c.Lookups, 4)
	c.Waiting = or(c.Waiting, 500)
	return c
}

// ReadAhead is how many targets a Run has in hand at most beyond those it has
// handed to next: 2039 by default.
func (c Config) ReadAhead() int {
	c = c.withDefaults()
	return (c.Lookups+2)*c.Group + c.Waiting + 3 // Detour's, those that wait, one at each of the gate, an ask and the reader
}

// Through gives a Runner that answers from s what it can, and else from next,
// whose results it saves.
//
// Targets are looked up in groups, several at a time; hits wait for no miss.
// Equal targets share one check: within a process those that miss wait for the
// first, and where s is shared between processes, for the one that has the
// lease. Whoever waits holds no place in next, and is answered with its result;
// it is checked itself where that does not serve it (canceled, or timed out
// sooner than it would) or the lease lapses without a result. A Fresh target is
// not looked up, waits for nothing, and its result is saved.
//
// Results are saved in groups behind the answers, whatever becomes of the
// caller: what was finished when it left is saved too. Run ends when all are
// written, at most a second after its last answer. Trouble with s costs a group
// the time-out of one or two calls, and no verdict.
//
// All hits from Redis come at about 500 000 targets/s on two cores, Redis on one
// of them (BenchmarkThroughAllHits, beside BenchmarkBareMGET).
func Through(next check.Runner, s Store, cfg Config) check.Runner {
	peek := s.Load
	if p, ok := s.(peeker); ok {
		peek = p.peek
	}
	return &through{
		next:    next,
		store:   s,
		peek:    peek,
		lease:   leaserOf(s),
		token:   newToken(),
		cfg:     cfg.withDefaults(),
		flights: flights{open: make(map[check.Key]*flight)},
	}
}

type through struct {
	next    check.Runner
	store   Store
	peek    func(ctx context.Context, ts []check.Target) ([]check.Result, error)
	lease   leaser // nil where store is this process's own
	token   string
	cfg     Config
	flights flights // of all Runs
}

func (t *through) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		r := newRun(ctx, t)
		defer r.end()
		for res := range pool.Detour(ctx, t.cfg.Lookups, t.cfg.Group, lookLinger, r.gate(ts), r.look, r.check) {
			if !yield(res) {
				return
			}
		}
		// Where nothing was left to be checked, check was not called; but some of the
		// targets may wait for others' checks.
		if r.waiting.Load() == 0 || ctx.Err() != nil {
			return
		}
		for res := range r.check(ctx, func(func(check.Target) bool) {}) {
			if !yield(res) {
				return
			}
		}
	}
}

// look answers those of group that are held. Of the rest, it gives back what
// next has to check now; the others wait, see [run.check].
func (r *run) look(ctx context.Context, group []check.Target) (done []check.Result, rest []check.Target) {
	asked, rest := split(group)
	rs, err := r.store.Load(ctx, asked)
	done, missed := part(asked, rs)
	if len(missed) == 0 {
		return done, rest
	}
	leads, known, alone := r.join(missed)
	done, rest = append(done, known...), append(rest, alone...)
	if err != nil { // what cannot be read need not be asked for a lease
		for _, f := range leads {
			rest = append(rest, f.target)
		}
		return done, rest
	}
	found, free := r.claim(ctx, leads)
	return append(done, found...), append(rest, free...)
}

// split parts group, in place, into what may be read from a cache and what may
// not.
func split(group []check.Target) (asked, rest []check.Target) {
	n := 0
	for i := range group {
		switch t := &group[i]; {
		case t.Fresh || t.Invalid != "":
			rest = append(rest, *t)
		case n < i:
			group[n] = *t
			fallthrough
		default:
			n++
		}
	}
	return group[:n], rest
}

// part parts what was loaded for asked, in place, into hits and what was missed.
func part(asked []check.Target, rs []check.Result) (done []check.Result, missed []check.Target) {
	hits, misses := 0, 0
	for i := range rs {
		switch {
		case rs[i].CheckedAt.IsZero():
			asked[misses] = asked[i]
			misses++
		case hits < i:
			rs[hits] = rs[i]
			fallthrough
		default:
			hits++
		}
	}
	return rs[:hits], asked[:misses]
}

// claim asks for the leases of leads, and then looks again: since the first
// look, another process or Run may have saved the result and let go of the
// lease. Without this a URL would now and then be checked twice. It gives what it
// found and what is free to be checked; the rest waits for the lease's holder.
func (r *run) claim(ctx context.Context, leads []*flight) (found []check.Result, free []check.Target) {
	if len(leads) == 0 {
		return nil, nil
	}
	targets, keys := make([]check.Target, len(leads)), make([]check.Key, len(leads))
	for i, f := range leads {
		targets[i], keys[i] = f.target, f.key
	}
	var got []bool // nil where there is nobody to share with: then all are free
	if r.lease != nil {
		// Whatever becomes of the caller: a lease that is got is known, to be released.
		var err error
		if got, err = r.lease.acquire(context.WithoutCancel(ctx), keys, r.token); err != nil {
			return nil, targets
		}
		r.flights.claimed(leads, got)
	}
	rs, _ := r.peek(ctx, targets)
	for i, f := range leads {
		switch {
		case !rs[i].CheckedAt.IsZero():
			r.land(f, rs[i])
			found = append(found, rs[i])
		case got == nil || got[i]:
			free = append(free, targets[i])
		default:
			if res, ok := r.queue(f, targets[i]); ok {
				found = append(found, res)
			}
		}
	}
	return found, free
}
