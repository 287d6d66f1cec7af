package rpc

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// maxBatch bounds the targets of a batch, in bytes, so that it fits into a
// message. A target that does not fit alone is not sent.
const maxBatch = 1 << 20

// ask gives the results of group as workers send them.
func (c *Client) ask(ctx context.Context, group []check.Target) iter.Seq[[]check.Result] {
	return func(yield func([]check.Result) bool) {
		refused, rest := refuse(group)
		if len(refused) > 0 && !yield(refused) {
			return
		}
		for len(rest) > 0 {
			n := fitting(rest)
			if !c.deliver(ctx, rest[:n], yield) {
				return
			}
			rest = rest[n:]
		}
	}
}

// refuse answers, out of group and in place, what no worker need be asked.
func refuse(group []check.Target) (refused []check.Result, rest []check.Target) {
	rest = group[:0]
	for i := range group {
		switch t := &group[i]; {
		case t.Invalid != "":
			refused = append(refused, check.Failed(*t, check.InvalidURL, t.Invalid))
		case weight(t) > maxBatch:
			refused = append(refused, check.Failed(*t, check.ResourceExhausted,
				fmt.Sprintf("what is to be sent has more than the %d bytes a worker takes", maxBatch)))
		default:
			rest = append(rest, *t)
		}
	}
	return refused, rest
}

// fitting is how many of targets fit into a batch, at least one.
func fitting(targets []check.Target) int {
	size := 0
	for i := range targets {
		if size += weight(&targets[i]); size > maxBatch && i > 0 {
			return i
		}
	}
	return len(targets)
}

// weight is about the bytes of t on the wire.
func weight(t *check.Target) int {
	const each = 64 // what is short or is there once
	n := each + len(t.URL)
	if t.Expect.Body != nil {
		n += len(t.Expect.Body.String())
	}
	for _, h := range t.Expect.Header {
		n += each + len(h.Match.String())
	}
	if r := t.Request; r != nil {
		n += len(r.Body)
		for _, h := range r.Header {
			n += each + len(h.Value)
		}
	}
	return n
}

// deliver sends targets until all are answered, one way or another. It reports
// whether yield wants more.
func (c *Client) deliver(ctx context.Context, targets []check.Target, yield func([]check.Result) bool) bool {
	for try := 1; ; try++ {
		there := c.presence.await(ctx, c.cfg.Patience)
		switch {
		case ctx.Err() != nil:
			return yield(all(targets, check.Canceled, "cut off before a worker had it"))
		case !there:
			return yield(all(targets, check.WorkerLost, "no worker can be reached: check that workers run, and their addresses"))
		}
		within, ended := c.cfg.Group(ctx, len(targets))
		b, more := c.send(within, targets, yield)
		if !more {
			ended(0) // nobody knows, nor asks any more
			return false
		}
		targets = b.rest()
		ended(len(targets))
		switch {
		case len(targets) == 0:
			return true
		case ctx.Err() != nil:
			return yield(all(targets, check.Canceled, "cut off before a worker answered"))
		}
		if times, due := c.trouble.due(); due && b.err != nil {
			c.cfg.Log.Warn("a worker was lost; what it held goes to another", "targets", len(targets), "cause", b.err, "times", times)
		}
		if try == c.cfg.Tries {
			return yield(all(targets, check.WorkerLost, fmt.Sprintf("sent to %d workers, one after the other; each was lost before it answered", try)))
		}
		pause(ctx, try)
	}
}

// send gives targets to a worker and yields what it answers, until it answers no
// more, ctx ends or yield wants no more.
func (c *Client) send(ctx context.Context, targets []check.Target, yield func([]check.Result) bool) (b *batch, more bool) {
	b = newBatch(c.batches.Add(1), targets)
	call := c.join(ctx, b)
	defer call.drop(b)
	for done := ctx.Done(); ; {
		select {
		case answers, open := <-b.answers:
			if !open {
				return b, true
			}
			if !yield(answers) {
				return b, false
			}
		case <-done:
			call.drop(b)
			done = nil // what had come before is still an answer
		}
	}
}

// join puts b on the call that takes batches, a new one where it takes no more.
func (c *Client) join(ctx context.Context, b *batch) *call {
	var left time.Duration
	if deadline, ok := ctx.Deadline(); ok {
		left = max(time.Until(deadline), 1)
	}
	memory := buffers().Get(fullMessage)
	request := appendRequest((*memory)[:0], order{
		id:          b.id,
		deadline:    left,
		brief:       true,
		traceparent: c.cfg.Traceparent(ctx),
		caller:      check.Caller(ctx),
		targets:     b.targets,
	})
	defer func() {
		*memory = request
		buffers().Put(memory)
	}()

	c.mu.Lock()
	defer c.mu.Unlock()
	current := &c.current[b.id%uint64(len(c.current))]
	if *current == nil || !(*current).add(b, request) {
		call := newCall()
		call.add(b, request)
		*current = call
		// The call outlives the Run that began it: others join it.
		ctx := context.WithoutCancel(ctx)
		c.running.Go(func() { call.run(ctx, c.checker) })
	}
	return *current
}

// all gives every target the same result.
func all(targets []check.Target, reason check.Reason, text string) []check.Result {
	rs := make([]check.Result, len(targets))
	for i, t := range targets {
		rs[i] = check.Failed(t, reason, text)
	}
	return rs
}

// pause waits before another try: up to 100 ms after the first, twice that after
// each.
func pause(ctx context.Context, try int) {
	timer := time.NewTimer(rand.N(50 * time.Millisecond << try))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
