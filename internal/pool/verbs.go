package pool

import (
	"context"
	"iter"
	"slices"
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
// A group is the caller's until it asks for the next: its memory then serves another
// (of what a checked host left as garbage, groups of their own were a sixth).
//
// It reads ahead of the group given by at most size items. When ctx ends it
// stops and drops what it has read; a stream that ends by itself and must lose
// nothing is grouped under [context.WithoutCancel]. An item costs about
// 100 ns (BenchmarkGroups).
func Groups[T any](ctx context.Context, in iter.Seq[T], size int, linger time.Duration) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := read(ctx, in, size, linger)
		defer s.items.drain()
		defer cancel()
		for group := range s.groups(ctx) {
			if !yield(group) {
				return
			}
			clear(group)
			s.spare = group
		}
	}
}

// source is an in that is being read, by a goroutine of its own.
type source[T any] struct {
	items  *tray[T]
	places chan struct{} // one for each item, until its group is given
	size   int
	linger time.Duration
	spare  []T // memory for what is read next; nil for none
}

// read begins to read in, until ctx ends. Its items are to be drained in the end.
func read[T any](ctx context.Context, in iter.Seq[T], size int, linger time.Duration) *source[T] {
	s := &source[T]{items: newTray[T](size), places: make(chan struct{}, size), size: size, linger: linger}
	go func() {
		defer s.items.close()
		for item := range within(ctx, s.places, in) {
			s.items.put(item)
		}
	}()
	return s
}

// groups gives group after group, none of them empty, until there is no more or
// ctx has ended.
func (s *source[T]) groups(ctx context.Context) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for {
			group, last := s.next(ctx)
			if len(group) == 0 || !yield(group) || last {
				return
			}
		}
	}
}

// next gives the next group, none where there is no more or ctx has ended. The
// last is known as such where the end is close behind it.
func (s *source[T]) next(ctx context.Context) (group []T, last bool) {
	group, last = s.gather(ctx)
	for range group {
		<-s.places
	}
	return group, last
}

// gather waits for an item and collects those that follow closely enough, never
// more than size, which is the number of places. It gives none when there is no
// more or ctx has ended.
func (s *source[T]) gather(ctx context.Context) (group []T, last bool) {
	var late <-chan time.Time
	for ctx.Err() == nil {
		ready, more := s.items.collect(s.spare)
		s.spare = nil
		switch {
		case len(ready) == 0:
			s.spare = ready
		case len(group) == 0:
			group = ready
		default:
			group = append(group, ready...)
		}
		switch {
		case !more || len(group) == s.size || len(group) > 0 && s.linger <= 0:
			return group, !more
		case len(group) > 0 && late == nil:
			timer := time.NewTimer(s.linger)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-s.items.filled:
		case <-late:
			return group, false
		case <-ctx.Done():
		}
	}
	return nil, true
}

// Windowed hands groups of in's items to f, several at a time, and streams their
// answers as they come. The source is asked for at most window items whose
// answers are not read yet. So one slow item holds one item's place and not its
// group's (TestWindowedLimitsItemsNotGroups).
//
// f gives its answers some at a time, as many as are there: that they move as one
// saves a quarter of what a remote check costs (BenchmarkRun of package rpc). It
// answers each item at most once, what it gives beyond that is dropped, and it
// ends soon after ctx does. Where the source ends within its first group, f runs in
// the goroutine of who reads.
func Windowed[In, Out any](
	ctx context.Context, window, size int, linger time.Duration, in iter.Seq[In],
	f func(ctx context.Context, group []In) iter.Seq[[]Out],
) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan struct{}, window) // one for each item, until its answer is read
		s := read(ctx, within(ctx, places, in), size, linger)
		first, last := s.next(ctx)
		if last {
			defer s.items.drain()
			defer cancel()
			left := len(first)
			for some := range f(ctx, first) {
				for _, out := range some[:min(len(some), left)] {
					left--
					if !yield(out) {
						return
					}
				}
			}
			return
		}
		outs := newTray[[]Out](0)
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
			defer s.items.drain()
			var asked sync.WaitGroup
			defer asked.Wait()
			asked.Go(func() { ask(first) })
			for group := range s.groups(ctx) {
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
// Where a source ends within its first group, all of this goes on in the goroutine
// of who reads, and next is not called if nothing is left for it.
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
		s := read(ctx, in, size, linger)
		first, last := s.next(ctx)
		if last {
			defer s.items.drain()
			defer cancel()
			lookAndGo(ctx, first, look, next, yield)
			return
		}
		outs := make(chan []Out)
		missed := make(chan []In)
		var both sync.WaitGroup
		both.Go(func() {
			defer close(missed)
			defer s.items.drain()
			var looks sync.WaitGroup
			defer looks.Wait()
			underway := make(chan struct{}, depth)
			begin := func(group []In) {
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
			begin(first)
			for group := range s.groups(ctx) {
				begin(group)
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

// lookAndGo is Detour for one group that is all there is: one thing after the
// other, in the goroutine of who reads.
func lookAndGo[In, Out any](
	ctx context.Context, group []In,
	look func(ctx context.Context, group []In) (done []Out, rest []In),
	next func(ctx context.Context, rest iter.Seq[In]) iter.Seq[Out],
	yield func(Out) bool,
) {
	if len(group) == 0 {
		return
	}
	done, rest := look(ctx, group)
	for _, out := range done {
		if !yield(out) {
			return
		}
	}
	if len(rest) == 0 {
		return
	}
	for out := range next(ctx, slices.Values(rest)) {
		if !yield(out) {
			return
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
