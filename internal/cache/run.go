package cache

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A run is one Run of a Through: its targets that wait for the check of an equal
// one, and the saving of its results.
type run struct {
	*through
	saver *saver

	// waiting counts targets from when they begin to wait until their answer is
	// read, or until they are handed to next. The gate holds the source back by it.
	waiting atomic.Int64
	freed   chan struct{} // waiting has fallen
	over    chan struct{} // closed when check has returned

	mu      sync.Mutex
	answers []check.Result // for those that waited, at most one each
	again   []check.Target // those that waited and have to be checked after all
	woken   chan struct{}  // answers or again has grown

	giving atomic.Int64 // since when the reader has not come back for more, Unix ns; 0 while it waits for us

	// Guarded by flights.mu.
	led  map[*flight]struct{}
	gone bool // its targets wait no more
}

func newRun(ctx context.Context, t *through) *run {
	r := &run{
		through: t,
		freed:   make(chan struct{}, 1),
		over:    make(chan struct{}),
		woken:   make(chan struct{}, 1),
		led:     make(map[*flight]struct{}),
	}
	r.saver = newSaver(ctx, r.write)
	return r
}

// end lets go of what is unfinished and waits for the saver.
func (r *run) end() {
	for _, f := range r.flights.leave(r) {
		r.save(saved{flight: f})
	}
	r.saver.end()
}

// gate holds the source back while too many targets wait. When ctx ends or the
// reader breaks off, check returns, and frees the gate.
func (r *run) gate(ts iter.Seq[check.Target]) iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		for t := range ts {
			for r.waiting.Load() >= int64(r.cfg.Waiting) {
				select {
				case <-r.freed:
				case <-r.over:
					return
				}
			}
			if !yield(t) {
				return
			}
		}
	}
}

// check gives the results of missed, which next checks, and of the targets that
// wait. Those that have waited in vain are checked in Runs of next of their own:
// they do not stand behind a source that is slow.
func (r *run) check(ctx context.Context, missed iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		defer close(r.over)
		ctx, cancel := context.WithCancel(ctx)
		var tender sync.WaitGroup
		tender.Go(func() { r.tend(ctx) })
		defer tender.Wait()
		defer cancel()

		results, asked, asks := make(chan check.Result), make(chan struct{}), 0
		ask := func(ts iter.Seq[check.Target]) {
			asks++
			go func() {
				for res := range r.next.Run(ctx, ts) {
					r.keep(res)
					results <- res
				}
				asked <- struct{}{}
			}()
		}
		reading := true
		give := func(res check.Result) {
			if !reading {
				return
			}
			r.giving.Store(time.Now().UnixNano())
			if reading = yield(res); !reading {
				cancel() // what next still gives is saved
			}
			r.giving.Store(0)
		}
		ask(missed)
		ended := ctx.Done()
		for asks > 0 || r.waiting.Load() > 0 && ctx.Err() == nil {
			select {
			case res := <-results:
				give(res)
			case <-asked:
				asks--
			case <-r.woken:
				answers, again := r.takeWoken()
				if len(again) > 0 {
					ask(slices.Values(again))
					r.wait(-len(again))
				}
				for _, res := range answers {
					give(res)
					r.wait(-1)
				}
			case <-ended:
				ended = nil
			}
		}
	}
}

// keep saves what next gave, unless it is a line that is no target.
func (r *run) keep(res check.Result) {
	if res.Target.Invalid != "" {
		return
	}
	s := saved{res: res}
	if !res.Target.Fresh {
		s.flight = r.finish(res)
	}
	r.save(s)
}

// deliver answers a target that waits. It never blocks: there is one answer for
// each that waits, and their number is bounded.
func (r *run) deliver(res check.Result) {
	r.mu.Lock()
	r.answers = append(r.answers, res)
	r.mu.Unlock()
	signal(r.woken)
}

// checkAgain has a target checked that waited in vain.
func (r *run) checkAgain(t check.Target) {
	r.mu.Lock()
	r.again = append(r.again, t)
	r.mu.Unlock()
	signal(r.woken)
}

func (r *run) takeWoken() (answers []check.Result, again []check.Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answers, again = r.answers, r.again
	r.answers, r.again = nil, nil
	return answers, again
}

// wait changes the number of targets that wait by n, which is negative.
func (r *run) wait(n int) {
	r.waiting.Add(int64(n))
	signal(r.freed)
}

// signal wakes the one who waits on c, now or when it comes to wait.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
