package pool

import (
	"context"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// state is where a ticket's target is on its way.
type state uint8

const (
	queued    state = iota // in a lane, not begun
	busy                   // has a slot and a place at its host
	asleep                 // between two attempts, its place lent
	returning              // in a lane again, for its next attempt
	placeless              // begun, and in need of no place any more
	over                   // answered
)

// ticket is a target on its way through the pool, and the [check.Turn] of its
// check. All but the first five fields is guarded by Pool.mu.
type ticket struct {
	run    *run
	host   *host
	target check.Target
	since  time.Time     // it waits for its first place since; then how long is in waited
	full   time.Duration // Pool.full then

	waited time.Duration
	late   bool // it waited long for a slot
	state  state
	wake   chan error // ends a Wait; buffered, sent to once, as state leaves asleep or returning
}

// check asks the Checker. A panic there is this target's result.
func (k *ticket) check() (res check.Result) {
	defer func() {
		if p := recover(); p != nil {
			res = check.Panicked(k.target, p)
		}
	}()
	return k.run.check(k)
}

// Wait implements [check.Turn].
func (k *ticket) Wait(ctx context.Context, d time.Duration, throttled bool) error {
	wake, err := k.lend(d, throttled)
	if err != nil {
		return err
	}
	if wake == nil { // it has no place to lend
		return check.Wait(check.WithTurn(ctx, nil), d, throttled)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case err := <-wake:
			return err
		case <-timer.C:
			k.comeBack()
		case <-ctx.Done():
			k.stayAway()
			return ctx.Err()
		}
	}
}

// Leave implements [check.Turn].
func (k *ticket) Leave() {
	p := k.run.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.state == busy {
		k.state = placeless
		now := time.Now()
		p.release(k, now)
		p.fill(now)
	}
}

// lend gives k's place back for the time it sleeps. There is no wake where it
// has none: its caller left and somebody else's check goes on (check.Flight).
func (k *ticket) lend(d time.Duration, throttled bool) (wake <-chan error, err error) {
	p := k.run.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.state != busy {
		return nil, nil
	}
	now := time.Now()
	if throttled {
		p.throttled(k, d, now)
	} else if k.host.probe == k {
		p.answered(k)
	}
	if k.host.mode == shut && k.host.pausing(now) {
		return nil, check.ErrThrottled
	}
	k.state, k.wake = asleep, make(chan error, 1)
	if k.host.asleep == nil {
		k.host.asleep = make(map[*ticket]struct{})
	}
	k.host.asleep[k] = struct{}{}
	p.release(k, now)
	p.fill(now)
	return k.wake, nil
}

// comeBack queues k for its next attempt, before all that have not begun.
func (k *ticket) comeBack() {
	p := k.run.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.state != asleep {
		return
	}
	if k.run.dropped {
		k.rouse(placeless, nil)
		return
	}
	delete(k.host.asleep, k)
	k.state = returning
	p.enqueue(k)
	p.fill(time.Now())
}

// stayAway ends k's sleep without a place.
func (k *ticket) stayAway() {
	p := k.run.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	k.rouse(placeless, nil)
}

// rouse ends a Wait: k goes on in state to, or is told err. Pool.mu is held.
func (k *ticket) rouse(to state, err error) {
	switch k.state {
	case asleep:
		delete(k.host.asleep, k)
		k.run.pool.forgetIdle(k.host, time.Now())
	case returning:
		// Where it is still in its lane, it is passed over there.
	default:
		return
	}
	k.state = to
	k.wake <- err
}
