package cache

import (
	"slices"
	"sync"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// flights are the targets being checked, in all Runs of a Through, from the miss
// until the result is saved: whoever misses an equal target meanwhile waits for
// it, and nobody misses it in between.
type flights struct {
	mu   sync.Mutex
	open map[check.Key]*flight
}

// A flight is one of them. Its fields but key are guarded by flights.mu.
type flight struct {
	key     check.Key
	target  check.Target // the owner's
	owner   *run         // whose target is checked, or waits for another process
	waiting []follower
	leased  bool          // the lease is this process's, to be renewed and released
	queued  time.Time     // since when it waits for another process's lease; zero if it does not
	res     *check.Result // not saved yet; nil before it is known
}

// done reports whether the result is known.
func (f *flight) done() bool { return f.res != nil }

// A follower is a target that waits for an equal one's result.
type follower struct {
	run    *run
	target check.Target
}

func (w follower) gone() bool { return w.run.gone }

// join puts each of missed on board: it leads a flight of its own, is answered
// at once by one that is done, or follows one that is not. Alone are those that a
// result which is not saved yet does not serve.
func (r *run) join(missed []check.Target) (leads []*flight, known []check.Result, alone []check.Target) {
	keys := make([]check.Key, len(missed))
	for i := range missed {
		keys[i] = missed[i].Key()
	}
	fs := &r.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, t := range missed {
		f := fs.open[keys[i]]
		switch {
		case f == nil:
			f = &flight{key: keys[i], target: t, owner: r}
			fs.open[f.key], r.led[f] = f, struct{}{}
			leads = append(leads, f)
		case !f.done():
			if len(f.waiting) == cap(f.waiting) { // before it grows
				f.waiting = slices.DeleteFunc(f.waiting, follower.gone)
			}
			f.waiting = append(f.waiting, follower{r, t})
			r.waiting.Add(1)
		case serves(f.res, &t):
			known = append(known, retarget(*f.res, t))
		default:
			alone = append(alone, t)
		}
	}
	r.cfg.Observe.requests(tierMemory, "coalesced", len(known))
	return leads, known, alone
}

// serves reports whether the result of an equal target answers t. Not so where
// its caller left, where it had less time than t has, or where it comes from a
// cache and is older than t will have.
func serves(res *check.Result, t *check.Target) bool {
	switch res.Reason {
	case check.Canceled, check.NotAttempted:
		return false
	case check.Timeout, check.ConnectTimeout:
		if t.Timeout > res.Target.Timeout && res.Target.Timeout > 0 {
			return false
		}
	}
	return !res.Cached || t.MaxAge <= 0 || res.CacheAge <= t.MaxAge
}

func retarget(res check.Result, t check.Target) check.Result {
	res.Target = t
	return res
}

// claimed notes which of fs's leases this process has.
func (fs *flights) claimed(claims []*flight, got []bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, f := range claims {
		f.leased = got[i]
	}
}

// queue makes r's target t, which led f, wait for the process that has the
// lease. It answers t at once where an equal target was checked meanwhile.
func (r *run) queue(f *flight, t check.Target) (res check.Result, ok bool) {
	r.flights.mu.Lock()
	defer r.flights.mu.Unlock()
	if f.done() && serves(f.res, &t) {
		return retarget(*f.res, t), true
	}
	r.waiting.Add(1)
	switch {
	case f.done():
		r.checkAgain(t)
	case f.owner != r: // given away
		f.waiting = append(f.waiting, follower{r, t})
	default:
		f.queued = time.Now()
	}
	return check.Result{}, false
}

// land ends f, whose result was found in the store.
func (r *run) land(f *flight, res check.Result) {
	fs := &r.flights
	fs.mu.Lock()
	n := fs.settle(f, res)
	leased := f.leased
	if f.done() && !leased {
		fs.forget(f)
	}
	fs.mu.Unlock()
	r.cfg.Observe.requests(tierMemory, "coalesced", n)
	if leased {
		r.save(saved{flight: f})
	}
}

// finish takes what next gave for a target of r, and gives its flight, if it was
// the one that led it.
func (r *run) finish(res check.Result) *flight {
	key := res.Target.Key()
	fs := &r.flights
	fs.mu.Lock()
	f := fs.open[key]
	if f == nil || f.owner != r || f.done() || !f.queued.IsZero() {
		fs.mu.Unlock()
		return nil
	}
	n := fs.settle(f, res)
	fs.mu.Unlock()
	r.cfg.Observe.requests(tierMemory, "coalesced", n)
	return f
}

// settle answers those who wait for f with res and counts them. Where it does
// not serve some, f goes on with the first of these.
func (fs *flights) settle(f *flight, res check.Result) (answered int) {
	var left []follower
	for _, w := range f.waiting {
		switch {
		case w.gone():
		case serves(&res, &w.target):
			w.run.deliver(retarget(res, w.target))
			answered++
		default:
			left = append(left, w)
		}
	}
	f.waiting = left
	if !fs.handOver(f, nil) {
		f.res = &res
	}
	return answered
}

// handOver makes f go on with the first who waits for it and does not belong to
// but; that one is checked. It reports whether there was one.
func (fs *flights) handOver(f *flight, but *run) bool {
	for i, w := range f.waiting {
		if w.gone() || w.run == but {
			continue
		}
		f.waiting = append(f.waiting[:i:i], f.waiting[i+1:]...)
		delete(f.owner.led, f)
		f.owner, f.target, f.queued = w.run, w.target, time.Time{}
		w.run.led[f] = struct{}{}
		w.run.checkAgain(w.target)
		return true
	}
	return false
}

// forget takes f out; fs.mu is held.
func (fs *flights) forget(f *flight) {
	if fs.open[f.key] == f {
		delete(fs.open, f.key)
	}
	delete(f.owner.led, f)
}

// saved ends the flights whose results are saved, or cannot be, and gives the
// keys of the leases to be released.
func (fs *flights) saved(group []saved) (leases []check.Key) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, s := range group {
		f := s.flight
		if f == nil || !f.done() {
			continue // none, or it goes on with another target
		}
		fs.forget(f)
		if f.leased {
			leases = append(leases, f.key)
		}
	}
	return leases
}

// giveAway hands the unfinished flights of r to those in other Runs that wait
// for them, and lets the leases of the others lapse: r's reader does not read.
func (fs *flights) giveAway(r *run) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for f := range r.led {
		if !f.done() && f.queued.IsZero() { // those queued do not need r's reader
			f.leased = fs.handOver(f, r) && f.leased
		}
	}
}

// leave takes r out: its unfinished flights go on with others. It gives those
// that do not and have a lease.
func (fs *flights) leave(r *run) (leased []*flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	r.gone = true
	for f := range r.led {
		if f.done() || fs.handOver(f, r) {
			continue
		}
		f.res = &check.Result{} // nobody is left to read it
		if f.leased {
			leased = append(leased, f)
		} else {
			fs.forget(f)
		}
	}
	return leased
}
