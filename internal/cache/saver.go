package cache

import (
	"context"
	"sync"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Where Runs are many each has little to save at once: with waits of 2 ms here, and
// of 1 ms for messages in package rpc, a service took a tenth less (overload, in
// docs/performance.md). Nobody waits for what is saved, and a Run that ends does not
// wait for more.
const (
	saveQueue  = 4096                  // results of a Run that wait to be saved
	saveGroup  = 512                   // saved in one round trip
	saveLinger = 10 * time.Millisecond // for more to come
	saveBudget = time.Second           // for what is left when a Run ends
)

// saved is a result to be saved, and the flight that ends with it, if any. A
// zero result only ends the flight.
type saved struct {
	res    check.Result
	flight *flight
}

// A saver writes what a Run finishes in groups, behind its answers and on a ctx
// that does not end with the caller's.
//
// It has a goroutine from the first result on: a Run of hits needs none.
type saver struct {
	begin  func()
	cancel context.CancelFunc // nil before it has begun
	done   sync.WaitGroup
	ending chan struct{} // closed when nothing is added any more

	mu    sync.Mutex
	queue []saved
	added chan struct{} // queue has grown
}

func newSaver(ctx context.Context, write func(context.Context, []saved)) *saver {
	s := &saver{}
	s.begin = func() {
		s.ending, s.added = make(chan struct{}), make(chan struct{}, 1)
		var within context.Context
		within, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
		s.done.Go(func() { s.loop(within, write) })
	}
	return s
}

// add queues one more, and reports whether there was room for it.
func (s *saver) add(one saved) bool {
	s.mu.Lock()
	if s.cancel == nil {
		s.begin()
	}
	room := len(s.queue) < saveQueue
	if room {
		s.queue = append(s.queue, one)
	}
	s.mu.Unlock()
	signal(s.added)
	return room
}

// end waits until all is written, saveBudget at most. Nothing is added any more.
func (s *saver) end() {
	if s.cancel == nil {
		return
	}
	close(s.ending)
	late := time.AfterFunc(saveBudget, s.cancel)
	s.done.Wait()
	late.Stop()
	s.cancel()
}

func (s *saver) loop(ctx context.Context, write func(context.Context, []saved)) {
	for ending := false; !ending; {
		select {
		case <-s.added:
			linger := time.NewTimer(saveLinger)
			select {
			case <-linger.C:
			case <-s.ending:
			}
			linger.Stop()
		case <-s.ending:
			ending = true
		}
		for group := s.take(); len(group) > 0; group = s.take() {
			write(ctx, group)
		}
	}
}

func (s *saver) take() []saved {
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.queue[:min(len(s.queue), saveGroup)]
	s.queue = s.queue[len(group):]
	return group
}

// write saves a group and then ends its flights: whoever comes later finds the
// result in the store. Leases are released when the result can be read.
func (r *run) write(ctx context.Context, group []saved) {
	results := make([]check.Result, 0, len(group))
	for i := range group {
		if !group[i].res.CheckedAt.IsZero() {
			results = append(results, group[i].res)
		}
	}
	_ = r.store.Save(ctx, results) // the store counts and logs; an unsaved result is a later miss
	if leases := r.flights.saved(group); len(leases) > 0 {
		_ = r.lease.release(ctx, leases, r.token) // else they lapse
	}
}

// save queues s to be written. Where the store does not keep up, it is dropped
// and counted, and a lease lapses.
func (r *run) save(s saved) {
	if !r.saver.add(s) {
		r.flights.saved([]saved{s})
		if !s.res.CheckedAt.IsZero() {
			r.cfg.Observe.dropped(1)
		}
	}
}
