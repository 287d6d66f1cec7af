package rpc

import (
	"sync"
	"time"
)

const (
	// A message goes out with so many bytes, about 40 results, or when something
	// in it is urgent or has waited so long. Each result at once would cost a long
	// Run a fifth more (BenchmarkStream). Where targets are slow or Runs many, it is
	// the wait that fills a message; a batch's last result does not wait.
	fullMessage   = 4 << 10
	messageLinger = 5 * time.Millisecond
)

// An outbox gathers what several goroutines have to say on one stream, so that
// the one that sends says all of it at once.
type outbox struct {
	limit int // bytes above which put waits; 0 is none

	mu      sync.Mutex
	changed sync.Cond
	out     *[]byte // nil for nothing
	due     bool    // out is to be sent
	closed  bool
	late    *time.Timer // makes out due; nil before the first time
}

func newOutbox(limit int) *outbox {
	o := &outbox{limit: limit}
	o.changed.L = &o.mu
	return o
}

// put adds a copy of message, and waits for room first. What is not urgent waits
// for company, a moment. It reports false where the outbox is closed, and
// message goes nowhere.
func (o *outbox) put(message []byte, urgent bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.limit > 0 && o.size() >= o.limit && !o.closed {
		o.changed.Wait()
	}
	if o.closed {
		return false
	}
	first := o.out == nil
	if first {
		o.out = buffers().Get(fullMessage)
		*o.out = (*o.out)[:0]
	}
	*o.out = append(*o.out, message...)
	switch {
	case urgent || o.size() >= fullMessage:
		o.due = true
		o.changed.Broadcast()
	case !first:
	case o.late == nil:
		o.late = time.AfterFunc(messageLinger, o.hurry)
	default:
		o.late.Reset(messageLinger)
	}
	return true
}

// len is how many bytes wait to be sent.
func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size()
}

func (o *outbox) size() int {
	if o.out == nil {
		return 0
	}
	return len(*o.out)
}

func (o *outbox) hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due = o.out != nil
	o.changed.Broadcast()
}

// close lets take give what is there, and then nothing more.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.changed.Broadcast()
}

// take waits until something is due, and gives all there is; nil once the outbox
// is closed and empty. What it gives is the caller's.
func (o *outbox) take() message {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.due && !o.closed {
		o.changed.Wait()
	}
	out := o.out
	o.out, o.due = nil, false
	if o.late != nil {
		o.late.Stop()
	}
	o.changed.Broadcast()
	return out
}
