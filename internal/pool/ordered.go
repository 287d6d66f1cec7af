package pool

import (
	"context"
	"iter"

	"github.com/hc-health/hc/internal/check"
)

// Ordered gives next's Results in the order their targets were read, which is
// that of their Seq. To bound what it keeps it holds the source back: at most
// window targets (0 is 4096, less than 2 is 2) are read beyond the one whose
// Result is given next, so one slow target stops a run after that many more.
// When ctx ends it gives what it still has, in order, with gaps.
//
// No two targets of one Run have the same Seq.
func Ordered(next check.Runner, window int) check.Runner {
	if window == 0 {
		window = 4096
	}
	return ordered{next, max(window, 2)}
}

type ordered struct {
	next   check.Runner
	window int
}

func (o ordered) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// The Seqs as read: the queue and its bound in one.
		order := make(chan int64, o.window-1)
		noted := func(yield func(check.Target) bool) {
			defer close(order)
			for t := range ts {
				select {
				case order <- t.Seq:
				case <-ctx.Done():
					return
				}
				if !yield(t) {
					return
				}
			}
		}
		give := func(r check.Result) (more bool) {
			// Before next waits for its source, a source that waits for order
			// must learn that the reader is gone, or has panicked.
			defer func() {
				if !more {
					cancel()
				}
			}()
			return yield(r)
		}
		held := make(map[int64]check.Result)
		var head int64
		var headed bool
		for r := range o.next.Run(ctx, noted) {
			held[r.Target.Seq] = r
			for len(held) > 0 {
				if !headed {
					head, headed = <-order, true
				}
				r, ok := held[head]
				if !ok {
					break
				}
				delete(held, head)
				headed = false
				if !give(r) {
					return
				}
			}
		}
		if len(held) == 0 {
			return
		}
		for seq := range order {
			if r, ok := held[seq]; ok && !yield(r) {
				return
			}
		}
	}
}
