package pool

import (
	"context"
	"iter"
	"sync"
	"time"
)

// The verbs of a stream know no word of the domain. Checks are single, input and
// output are grouped: [Groups] is the hinge, [Windowed] and [Detour] rest on it.
//
// A verb's goroutines have ended when its range ends, be it with the last item,
// by a break or by a panic in the loop's body. The one thing it has to wait for
// is a source that blocks, since an iter.Seq cannot be interrupted: whoever
// reads from a pipe closes it when ctx ends.

// Groups gathers items of in into groups of 1 to size. It takes what is ready
// first and only then waits for more, so a fast source gives full groups, and no
// item of a slow one is held back for longer than linger. (With one select to
// choose between item and timer, groups of 64 shrank to 2:
// TestGroupsTakeWhatIsReadyFirst.)
//
// It reads ahead of the group given by at most size items. When ctx ends it
// stops and drops what it has read; a stream that ends by itself and must lose
// nothing is grouped under [context.WithoutCancel]. An item costs about
// 100 ns (BenchmarkGroups).
func Groups[T any](ctx context.Context, in iter.Seq[T], size int, linger time.Duration) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan struct{}, size)
		items := newTray[T]()
		go func() {
			defer items.close()
			for item := range within(ctx, places, in) {
				items.put(item)
			}
		}()
		defer items.drain()
		defer cancel()
		for {
			group := gather(ctx, items, size, linger)
			for range group {
				<-places
			}
			if len(group) == 0 || !yield(group) {
				return
			}
		}
	}
}

// gather waits for an item and collects those that follow closely enough. It
// gives none when there is no more or ctx has ended. There are never more than
// size, which is the number of places.
func gather[T any](ctx context.Context, items *tray[T], size int, linger time.Duration) (group []T) {
	var late <-chan time.Time
	for ctx.Err() == nil {
		ready, more := items.collect(nil)
		if group == nil {
			group = ready
		} else {
			group = append(group, ready...)
		}
		switch {
		case !more || len(group) == size || len(group) > 0 && linger <= 0:
			return group
		case len(group) > 0 && late == nil:
			timer := time.NewTimer(linger)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-items.filled:
		case <-late:
			return group
		case <-ctx.Done():
		}
	}
	return nil
}

// Windowed hands groups of in's items to f, several at a time, and streams their
// answers as they come. The source is asked for at most window items whose
// answers are not read yet. So one slow item holds one item's place and not its
// group's: with 1 % stragglers of 2 s, limiting items instead of calls gave nine
// times the throughput (architecture.md §7).
//
// f gives its answers some at a time, as many as are there: that they move as one
// saves a quarter of what a remote check costs (BenchmarkRun of package rpc). It
// answers each item at most once, what it gives beyond that is dropped, and it
// ends soon after ctx does.
func Windowed[In, Out any](
	ctx context.Context, window, size int, linger time.Duration, in iter.Seq[In],
	f func(ctx context.Context, group []In) iter.Seq[[]Out],
) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan struct{}, window) // one for each item, until its answer is read
		outs := newTray[[]Out]()
		ask := func(group []In) {
			open := len(group)
			for some := range f(ctx, group) {
				some = some[:min(len(some), open)]
				if open -= len(some); len(some) > 0 {
					outs.put(some)
				}
			}
			for range open {
				<-places
			}
		}
		go func() {
			defer outs.close()
			var asked sync.WaitGroup
			defer asked.Wait()
			for group := range Groups(ctx, within(ctx, places, in), size, linger) {
				asked.Go(func() { ask(group) })
			}
		}()
		defer outs.drain()
		defer cancel()
		var spare [][]Out
		for {
			ready, more := outs.collect(spare)
			for _, some := range ready {
				for _, out := range some {
					<-places
					if !yield(out) {
						return
					}
				}
			}
			if !more {
				return
			}
			clear(ready)
			spare = ready
			<-outs.filled
		}
	}
}

// Detour shows groups of in's items to look, which answers some at once (done);
// the rest goes through next. Both kinds of answers are streamed as they come:
// those of look do not wait for those of next, until depth groups are under way.
// A group is under way while look has it and until next has taken all its rest.
//
// Up to depth goroutines call look, which ends soon after ctx does. Before the
// first answer is read, the source is asked for (depth+2)·size items at most,
// and those that next reads ahead. A check.Target that look answers costs
// about 1 µs (BenchmarkDetourAllHits).
func Detour[In, Out any](
	ctx context.Context, depth, size int, linger time.Duration, in iter.Seq[In],
	look func(ctx context.Context, group []In) (done []Out, rest []In),
	next func(ctx context.Context, rest iter.Seq[In]) iter.Seq[Out],
) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		outs := make(chan []Out)
		missed := make(chan []In)
		var both sync.WaitGroup
		both.Go(func() {
			defer close(missed)
			var looks sync.WaitGroup
			defer looks.Wait()
			underway := make(chan struct{}, depth)
			for group := range Groups(ctx, in, size, linger) {
				underway <- struct{}{}
				looks.Go(func() {
					done, rest := look(ctx, group)
					if len(done) > 0 {
						outs <- done
					}
					if len(rest) > 0 {
						missed <- rest
					}
					<-underway
				})
			}
		})
		both.Go(func() {
			defer drain(missed) // when ctx ends, next takes no more
			for out := range next(ctx, flat(ctx, missed)) {
				outs <- []Out{out}
			}
		})
		go func() {
			both.Wait()
			close(outs)
		}()
		defer drain(outs)
		defer cancel()
		for group := range outs {
			for _, out := range group {
				if !yield(out) {
					return
				}
			}
		}
	}
}

// within asks in for an item only when places has room for it. Whoever answers
// the item takes its place out again.
func within[T any](ctx context.Context, places chan struct{}, in iter.Seq[T]) iter.Seq[T] {
	enter := func() bool {
		if ctx.Err() != nil {
			return false
		}
		select {
		case places <- struct{}{}: // costs a third of the select below
			return true
		default:
		}
		select {
		case places <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return func(yield func(T) bool) {
		if !enter() {
			return
		}
		for item := range in {
			if !yield(item) || !enter() {
				return
			}
		}
	}
}

// flat gives the items of each group in turn, until ctx ends.
func flat[T any](ctx context.Context, groups <-chan []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case group := <-groups: // none once it is closed
				for _, item := range group {
					if !yield(item) {
						return
					}
				}
				if group == nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// drain waits for c to be closed, so that nobody is stuck who sends to it.
func drain[T any](c <-chan T) {
	for range c {
	}
}
