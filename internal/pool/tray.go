package pool

import (
	"slices"
	"sync"
)

// tray is where many put items for one to collect all at once. It grows with
// what lies in it and has no bound of its own: whoever puts holds a place for
// the item, which the collector gives back. So a stream of one item costs no
// buffer for thousands, as a channel would.
type tray[T any] struct {
	filled chan struct{} // holds one when there may be something new to see

	mu     sync.Mutex
	items  []T
	most   int // items that ever lie in it, 0 for unknown
	closed bool
}

func newTray[T any](most int) *tray[T] { return &tray[T]{filled: make(chan struct{}, 1), most: most} }

func (t *tray[T]) put(item T) {
	t.mu.Lock()
	if n := len(t.items); n == cap(t.items) && n < t.most {
		// Eightfold: doubled, the memory of a hundred targets is thrown away twice over.
		t.items = slices.Grow(t.items, min(max(7*n, 2), t.most-n))
	}
	t.items = append(t.items, item)
	first := len(t.items) == 1
	t.mu.Unlock()
	if first {
		t.tell()
	}
}

// close says that nothing more will be put.
func (t *tray[T]) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.tell()
}

func (t *tray[T]) tell() {
	select {
	case t.filled <- struct{}{}:
	default:
	}
}

// collect takes all that lies there, and reports whether more may come. Where it
// takes nothing and more may come, filled says when to look again. The memory of
// spare is used for what is put next.
func (t *tray[T]) collect(spare []T) (items []T, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	items, t.items = t.items, spare[:0]
	return items, !t.closed
}

// drain waits until it is closed.
func (t *tray[T]) drain() {
	for _, more := t.collect(nil); more; _, more = t.collect(nil) {
		<-t.filled
	}
}
