package check

import (
	"context"
	"fmt"
	"sync"
)

// Flight lets equal targets (by [Target.Key]) that are in flight at the same
// time share one check of next. The check runs on a context of its own that
// ends with the last caller's: one caller's cancel does not fail the others
// (the trap of x/sync/singleflight), and a check nobody waits for any more is
// stopped. A caller leaves as soon as its own ctx ends. A Fresh target joins
// nothing begun before it.
//
// It costs a goroutine and a map entry per check: about 1 µs
// (BenchmarkFlight).
func Flight(next Checker) Checker {
	return &flights{next: next, calls: make(map[Key]*call)}
}

type flights struct {
	next Checker

	mu    sync.Mutex
	calls map[Key]*call
}

// call is one shared check. callers is guarded by flights.mu.
type call struct {
	key     Key
	callers int
	cancel  context.CancelFunc
	done    chan struct{} // closed when res is set
	res     Result        // until then only its Target
}

func (f *flights) Check(ctx context.Context, t Target) Result {
	if t.Invalid != "" {
		return f.next.Check(ctx, t)
	}
	key := t.Key()
	f.mu.Lock()
	c := f.calls[key]
	joins := c != nil && !t.Fresh
	if !joins {
		c = f.begin(ctx, t, key)
	}
	c.callers++
	f.mu.Unlock()
	if joins {
		Leave(ctx)
	}

	select {
	case <-c.done:
	case <-ctx.Done():
		if f.leave(c) {
			<-c.done // canceled with us; wait, so that nothing outlives its last caller
		} else {
			return Failed(t, Canceled, canceledText(ctx))
		}
	}
	res := c.res
	res.Target = t
	return res
}

// begin starts the check; f.mu is held.
func (f *flights) begin(ctx context.Context, t Target, key Key) *call {
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call{key: key, cancel: cancel, done: make(chan struct{}), res: Result{Target: t}}
	f.calls[key] = c
	go f.run(shared, c)
	return c
}

// run makes the check.
func (f *flights) run(ctx context.Context, c *call) {
	defer close(c.done)
	defer c.cancel()
	defer func() {
		if p := recover(); p != nil {
			c.res = Panicked(c.res.Target, p)
		}
		f.mu.Lock()
		f.forget(c)
		f.mu.Unlock()
	}()
	c.res = f.next.Check(ctx, c.res.Target)
}

// leave takes one caller away and reports whether it was the last; then the
// check is canceled, and nobody joins it any more.
func (f *flights) leave(c *call) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.callers--
	if c.callers > 0 {
		return false
	}
	f.forget(c)
	c.cancel()
	return true
}

// forget takes c out of the map unless a Fresh check has replaced it.
func (f *flights) forget(c *call) {
	if f.calls[c.key] == c {
		delete(f.calls, c.key)
	}
}

// Panicked is the Result of a target whose check panicked with p: that target's
// [Internal], never the process.
func Panicked(t Target, p any) Result {
	return Failed(t, Internal, MaskText(fmt.Sprintf("panic in the check: %v; please report it", p)))
}
