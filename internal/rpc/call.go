package rpc

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/hc-health/hc/internal/rpc/hcpb"
)

const (
	// A call takes batches until so many of its targets are unanswered, and for
	// so long. That is what is sent again when it breaks. It is also how often
	// grpc's balancer is asked, so that within callAge a new worker gets work and
	// a draining one gets no more.
	callSize = 256
	callAge  = 100 * time.Millisecond
	// So many calls take batches in turn, so that several workers have work even
	// where one call could hold it all.
	lanes = 4
)

// A call is one call of hc.v1.Checker.Check. It is shared by the batches, of any
// Run, that come while it is young: a target that has a call for itself costs
// more than twice as much (BenchmarkOneCallEach, BenchmarkRun).
type call struct {
	out *outbox

	mu      sync.Mutex
	batches map[uint64]*batch // not heard of to the end
	open    int               // targets of theirs that were not heard of
	closed  bool              // takes no more batches
}

func newCall() *call { return &call{out: newOutbox(0), batches: make(map[uint64]*batch)} }

// add sends b with the others, or reports that the call takes no more. One
// batch it always takes.
func (c *call) add(b *batch, message []byte) bool {
	c.mu.Lock()
	full := c.open+b.open > callSize || c.out.len()+len(message) > maxMessage/2
	if c.closed || full && c.open > 0 {
		c.mu.Unlock()
		return false
	}
	c.batches[b.id] = b
	c.open += b.open
	c.mu.Unlock()
	c.out.put(message, true)
	return true
}

// drop gives b up, and has the worker told.
func (c *call) drop(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.batches[b.id] == nil {
		return
	}
	c.out.put(appendCancel(nil, b.id), true)
	c.remove(b)
}

// close takes no more batches. The call ends when it has no more to wait for.
func (c *call) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.closeIfDone()
}

func (c *call) closeIfDone() {
	if c.closed && len(c.batches) == 0 {
		c.out.close()
	}
}

func (c *call) remove(b *batch) {
	delete(c.batches, b.id)
	c.open -= b.open
	close(b.answers)
	c.closeIfDone()
}

// fail closes the call, whose batches are not heard of any more.
func (c *call) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, b := range c.batches {
		b.err = err
		c.remove(b)
	}
	c.closeIfDone()
}

// run makes the call. It returns when nothing of it is left.
func (c *call) run(ctx context.Context, checker hcpb.CheckerClient) {
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	age := time.AfterFunc(callAge, c.close)
	defer age.Stop()
	stream, err := checker.Check(ctx)
	if err != nil {
		c.fail(err)
		return
	}
	sending.Go(func() { c.send(stream) })
	c.fail(c.receive(stream))
}

// send leaves errors to receive, which gets the cause.
func (c *call) send(stream grpc.ClientStream) {
	for m := c.out.take(); m != nil; m = c.out.take() {
		if stream.SendMsg(m) != nil {
			return
		}
	}
	_ = stream.CloseSend()
}

// receive returns the call's end: io.EOF where the worker has nothing to add.
func (c *call) receive(stream grpc.ClientStream) error {
	var s scanner
	hear := reader(func(b []byte) error { return c.hear(&s, b) })
	for {
		if err := stream.RecvMsg(hear); err != nil {
			return err
		}
	}
}

// hear hands the results of a message on, those of one batch together.
func (c *call) hear(s *scanner, message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	rs, places, err := s.results(message)
	var b *batch
	from := 0 // rs[from:i] are answers to b that are not handed on yet
	hand := func(until int) {
		if from < until {
			b.answers <- rs[from:until]
		}
		from = until
	}
	end := func() {
		if b != nil && b.open == 0 {
			c.remove(b)
		}
	}
	for i, at := range places {
		if b == nil || b.id != at.batch {
			hand(i)
			end()
			b = c.batches[at.batch]
		}
		if b == nil { // given up meanwhile
			from = i + 1
			continue
		}
		before := b.open
		if !b.hear(at.seq, &rs[i]) {
			hand(i)
			from = i + 1
		}
		c.open -= before - b.open
	}
	hand(len(places))
	end()
	return err
}
