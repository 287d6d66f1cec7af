package cache

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A leaser is a Store that processes share, and through which they agree who
// checks: of those that miss a result, the one that gets the lease. It is
// advice. Whoever cannot ask for it checks, and a lease that nobody renews is
// gone after leaseTTL, so a dead holder delays others by no more than that.
type leaser interface {
	peeker
	// acquire tells which of keys are token's from now on.
	acquire(ctx context.Context, keys []check.Key, token string) ([]bool, error)
	// taken tells which of keys are anyone's.
	taken(ctx context.Context, keys []check.Key) ([]bool, error)
	// renew gives those of keys that are token's leaseTTL again.
	renew(ctx context.Context, keys []check.Key, token string) error
	// release ends those of keys that are token's.
	release(ctx context.Context, keys []check.Key, token string) error
}

const (
	leaseTTL   = 3 * time.Second
	leaseRenew = time.Second

	tokenPrefix = "hc-lease-"
)

// newToken gives a name for a holder of leases that no other has.
func newToken() string { return tokenPrefix + rand.Text() }

// leaserOf gives the leaser that s is or rests on, or nil.
func leaserOf(s Store) leaser {
	l, _ := s.(leaser)
	return l
}

const (
	// Those who wait for a lease look after it this often at first, and less and
	// less often while they wait.
	queueLook     = 50 * time.Millisecond
	queueLookMost = 250 * time.Millisecond

	// queueMost is how long a target waits for others to check it. A lease that
	// lives longer is held by a process with a very long queue, or by none: a key
	// whose time to live was taken off.
	queueMost = time.Minute

	// stalled is how long a reader may keep a Run waiting before what others wait
	// for is taken off its hands.
	stalled = time.Second
)

// tend renews r's leases, looks after those r's targets wait for, and watches
// that r's reader reads, until ctx ends.
func (r *run) tend(ctx context.Context) {
	pause, renewed := queueLook, time.Now()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if since := r.giving.Load(); since > 0 && time.Since(time.Unix(0, since)) > stalled {
			r.flights.giveAway(r)
		}
		leases, waiting := r.flights.tended(r)
		if len(leases) > 0 && time.Since(renewed) >= leaseRenew {
			renewed = time.Now()
			_ = r.lease.renew(ctx, leases, r.token) // else others do not wait for us any more
		}
		if len(waiting) == 0 {
			pause = queueLook
		} else {
			r.lookAfter(ctx, waiting)
			pause = min(pause*3/2, queueLookMost)
		}
		timer.Reset(pause)
	}
}

// lookAfter answers those of waiting whose results are there, and has those
// checked whose leases are gone. Nobody else ends a flight that is queued.
func (r *run) lookAfter(ctx context.Context, waiting []queued) {
	keys, targets := make([]check.Key, len(waiting)), make([]check.Target, len(waiting))
	for i, q := range waiting {
		keys[i], targets[i] = q.flight.key, q.target
	}
	// First the leases, then the results: a lease is released when its result
	// can be read.
	taken, err := r.lease.taken(ctx, keys)
	if ctx.Err() != nil {
		return
	}
	if err != nil { // no shared cache, no leases
		taken = make([]bool, len(keys))
	}
	rs, _ := r.lease.peek(ctx, targets)
	answered := 0
	for i, q := range waiting {
		switch {
		case !rs[i].CheckedAt.IsZero():
			r.deliver(rs[i])
			r.land(q.flight, rs[i])
			answered++
		case !taken[i] || time.Since(q.since) > queueMost:
			r.flights.unqueue(q.flight)
			r.checkAgain(q.target)
		}
	}
	r.cfg.Observe.requests(tierRedis, "coalesced", answered)
}

// queued is a flight that waits for another process's lease, with its owner's
// target.
type queued struct {
	flight *flight
	target check.Target
	since  time.Time
}

// tended gives the leases r has to renew, and the flights that wait for others'.
func (fs *flights) tended(r *run) (leases []check.Key, waiting []queued) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for f := range r.led {
		if f.leased {
			leases = append(leases, f.key)
		}
		if !f.queued.IsZero() {
			waiting = append(waiting, queued{f, f.target, f.queued})
		}
	}
	return leases, waiting
}

// unqueue ends f's wait for another process's lease.
func (fs *flights) unqueue(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.queued = time.Time{}
}
