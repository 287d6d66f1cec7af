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
// It reads ahead of the group given by at most size+1 items. When ctx ends it
// stops and drops what it has read; a stream that ends by itself and must lose
// nothing is grouped under [context.WithoutCancel]. BenchmarkGroups has the cost
// of an item, about 100 ns.
func Groups[T any](ctx context.Context, in iter.Seq[T], size int, linger time.Duration) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		items := make(chan T, size)
		go func() {
			defer close(items)
			for item := range in {
				select {
				case items <- item:
				case <-ctx.Done():
					return
				}
			}
		}()
		defer drain(items)
		defer cancel()
		for {
			group := gather(ctx, items, size, linger)
			if len(group) == 0 || !yield(group) {
				return
			}
		}
	}
}

// gather waits for one item and takes those that follow closely enough. It gives
// none when items is closed or ctx has ended.
func gather[T any](ctx context.Context, items <-chan T, size int, linger time.Duration) []T {
	first, ok := take(ctx, items, nil)
	if !ok {
		return nil
	}
	late := time.NewTimer(linger)
	defer late.Stop()
	group := append(make([]T, 0, min(size, 1+len(items))), first)
	for len(group) < size {
		item, ok := take(ctx, items, late.C)
		if !ok {
			break
		}
		group = append(group, item)
	}
	if ctx.Err() != nil {
		return nil
	}
	return group
}

// take gives the next item: one that is ready even when it is late or ctx has
// ended, since select would choose among them at random.
func take[T any](ctx context.Context, items <-chan T, late <-chan time.Time) (item T, ok bool) {
	select {
	case item, ok = <-items:
		return item, ok
	default:
	}
	select {
	case item, ok = <-items:
	case <-late:
	case <-ctx.Done():
	}
	return item, ok
}

// Windowed hands groups of in's items to f, several at a time, and streams their
// answers as they come. The source is asked for at most window items whose
// answers are not read yet. So one slow item holds one item's place and not its
// group's: with 1 % stragglers of 2 s, limiting items instead of calls gave nine
// times the throughput (architecture.md §7).
//
// f answers each item at most once, what it gives beyond that is dropped, and it
// ends soon after ctx does.
func Windowed[In, Out any](
	ctx context.Context, window, size int, linger time.Duration, in iter.Seq[In],
	f func(ctx context.Context, group []In) iter.Seq[Out],
) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan struct{}, window) // one for each item, until its answer is read
		outs := make(chan Out, window)        // an answer has its item's place, so a send never blocks
		ask := func(group []In) {
			open := len(group)
			for out := range f(ctx, group) {
				if open == 0 {
					break
				}
				outs <- out
				open--
			}
			for range open {
				<-places
			}
		}
		go func() {
			defer close(outs)
			var asked sync.WaitGroup
			defer asked.Wait()
			for group := range Groups(ctx, within(ctx, places, in), size, linger) {
				asked.Go(func() { ask(group) })
			}
		}()
		defer drain(outs)
		defer cancel()
		for out := range outs {
			<-places
			if !yield(out) {
				return
			}
		}
	}
}

// Detour shows groups of in's items to look, which answers some at once (done);
// the rest goes through next. Both kinds of answers are streamed as they come:
// those of look do not wait for those of next, until depth groups are under way.
// A group is under way while look has it and until next has taken all its rest.
//
// Up to depth goroutines call look, which ends soon after ctx does. Before the
// first answer is read, the source is asked for (depth+2)·size+1 items at most,
// and those that next reads ahead. BenchmarkDetourAllHits has the cost of an item
// that look answers, about 150 ns.
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
			group, ok := take(ctx, groups, nil)
			if !ok {
				return
			}
			for _, item := range group {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// drain waits for c to be closed, so that nobody is stuck who sends to it.
func drain[T any](c <-chan T) {
	for range c {
	}
}
