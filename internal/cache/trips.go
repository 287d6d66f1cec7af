package cache

import (
	"context"
	"fmt"
	"sync"
)

const (
	// Of all Runs together so many round trips to Redis are under way at once.
	// Look-ups that come meanwhile share the next: 64 callers of one URL each cost
	// Redis and us a tenth of 64 round trips (make bench-service, stack-1).
	tripsAtOnce = 2
	tripKeys    = 1024 // of a round trip, about; a single look-up may have more
)

// trips makes the round trips of many look-ups. Whoever comes while there are as
// many as may be waits for the end of one and for nothing else, so that none is
// held back to fill a group.
type trips struct {
	get func(ctx context.Context, keys []string) ([]any, error)

	running sync.WaitGroup
	mu      sync.Mutex
	under   int // way
	waiting []*lookup
}

// A lookup is what one caller wants to know.
type lookup struct {
	keys   []string
	values []any
	err    error
	done   chan struct{} // closed when values and err are set
}

// ask gives the values of keys. When ctx ends it does not wait for them any more.
func (t *trips) ask(ctx context.Context, keys []string) ([]any, error) {
	l := &lookup{keys: keys, done: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, l)
	if t.under < tripsAtOnce {
		t.under++
		// A trip is of many callers, and does not end with one.
		ctx := context.WithoutCancel(ctx)
		t.running.Go(func() { t.run(ctx) })
	}
	t.mu.Unlock()
	select {
	case <-l.done:
		return l.values, l.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errCallerGone, ctx.Err())
	}
}

// run makes one trip after the other until nobody waits.
func (t *trips) run(ctx context.Context) {
	for some := t.take(); len(some) > 0; some = t.take() {
		keys := some[0].keys
		if len(some) > 1 {
			keys = nil
			for _, l := range some {
				keys = append(keys, l.keys...)
			}
		}
		values, err := t.get(ctx, keys)
		for _, l := range some {
			if n := len(l.keys); n <= len(values) {
				l.values, values = values[:n:n], values[n:]
			}
			l.err = err
			close(l.done)
		}
	}
}

// take gives those who go with the next trip, at least one; none where nobody
// waits, and then the trips of this goroutine are over.
func (t *trips) take() []*lookup {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, keys := 0, 0
	for n < len(t.waiting) && (n == 0 || keys+len(t.waiting[n].keys) <= tripKeys) {
		keys += len(t.waiting[n].keys)
		n++
	}
	some := t.waiting[:n:n]
	if t.waiting = t.waiting[n:]; n == 0 {
		t.waiting = nil
		t.under--
	}
	return some
}

// wait returns when no trip is under way.
func (t *trips) wait() { t.running.Wait() }
