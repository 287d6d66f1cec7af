package pool

// queue is a ring that grows and is kept; the zero value is empty. Each
// operation is O(1).
type queue[T any] struct {
	ring []T // its length is a power of two
	head int
	n    int
}

func (q *queue[T]) len() int { return q.n }

// at is the i-th from the front.
func (q *queue[T]) at(i int) *T { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *queue[T]) push(item T) {
	q.grow()
	q.n++
	*q.at(q.n - 1) = item
}

func (q *queue[T]) pushFront(item T) {
	q.grow()
	q.n++
	q.head = (q.head - 1) & (len(q.ring) - 1)
	*q.at(0) = item
}

func (q *queue[T]) pop() T {
	item := *q.at(0)
	clear(q.ring[q.head : q.head+1]) // for the garbage collector
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return item
}

func (q *queue[T]) popBack() T {
	var none T
	last := q.at(q.n - 1)
	item := *last
	*last = none
	q.n--
	return item
}

func (q *queue[T]) grow() {
	if q.n < len(q.ring) {
		return
	}
	ring := make([]T, max(1, 2*q.n))
	for i := range q.n {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}
