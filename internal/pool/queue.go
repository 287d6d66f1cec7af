package pool

// queue is a ring that grows and is kept; the zero value is empty. Each
// operation is O(1). Only one that is not empty has a front, a back and
// something to pop.
type queue[T any] struct {
	ring []T // its length is a power of two
	head int
	n    int
}

func (q *queue[T]) len() int { return q.n }

func (q *queue[T]) front() T { return *q.slot(0) }

func (q *queue[T]) back() T { return *q.slot(q.n - 1) }

func (q *queue[T]) push(item T) {
	q.grow()
	q.n++
	*q.slot(q.n - 1) = item
}

func (q *queue[T]) pushFront(item T) {
	q.grow()
	q.n++
	q.head = q.wrap(q.head - 1)
	*q.slot(0) = item
}

func (q *queue[T]) pop() T {
	item := q.empty(0)
	q.head = q.wrap(q.head + 1)
	q.n--
	return item
}

func (q *queue[T]) popBack() T {
	item := q.empty(q.n - 1)
	q.n--
	return item
}

// empty takes the i-th item and leaves nothing for the garbage collector to
// follow.
func (q *queue[T]) empty(i int) T {
	var none T
	slot := q.slot(i)
	item := *slot
	*slot = none
	return item
}

// slot is where the i-th from the front lies.
func (q *queue[T]) slot(i int) *T { return &q.ring[q.wrap(q.head+i)] }

func (q *queue[T]) wrap(i int) int { return i & (len(q.ring) - 1) }

func (q *queue[T]) grow() {
	if q.n < len(q.ring) {
		return
	}
	ring := make([]T, max(1, 2*q.n))
	for i := range q.n {
		ring[i] = *q.slot(i)
	}
	q.ring, q.head = ring, 0
}
