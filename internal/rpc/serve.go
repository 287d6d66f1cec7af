package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

const (
	// What one call may have unanswered, and what of its answers may lie here
	// unread. Beyond that it is not read from, and its checks wait.
	maxBatchTargets = 1024
	maxCallTargets  = 4096
	maxUnread       = 256 << 10
)

// Check implements hc.v1.Checker.
func (s *checker) Check(stream grpc.BidiStreamingServer[hcpb.CheckRequest, hcpb.CheckResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	c := &served{
		checker: s,
		out:     newOutbox(maxUnread),
		places:  semaphore.NewWeighted(maxCallTargets),
		next:    make(chan func()),
		cancels: make(map[uint64]context.CancelFunc),
	}
	var sending sync.WaitGroup
	sending.Go(func() { c.send(stream) })
	heard := false
	defer func() {
		if !heard { // the caller has gone, or a panic goes by
			cancel()
			c.out.close()
		}
		close(c.next)
		c.running.Wait()
		c.out.close()
		sending.Wait()
		cancel()
	}()
	err := c.receive(ctx, stream)
	heard = err == nil
	return err
}

// served is one call of a caller.
type served struct {
	*checker
	out     *outbox
	places  *semaphore.Weighted // for targets
	running sync.WaitGroup
	next    chan func() // to a goroutine that has run a batch

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc // of batches under way
}

func (c *served) send(stream grpc.ServerStream) {
	for m := c.out.take(); m != nil; m = c.out.take() {
		if stream.SendMsg(m) != nil {
			c.out.close()
			return
		}
	}
}

// receive takes batches until the caller has no more.
func (c *served) receive(ctx context.Context, stream grpc.ServerStream) error {
	var s scanner
	for {
		var req request
		err := stream.RecvMsg(reader(func(b []byte) (err error) {
			req, err = s.request(b)
			return err
		}))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, o := range req.batches {
			if err := c.begin(ctx, o); err != nil {
				return err
			}
		}
		for _, id := range req.cancel {
			c.cancel(id)
		}
	}
}

// begin lets the batch run once there is room for it.
func (c *served) begin(ctx context.Context, o order) error {
	n := int64(len(o.targets))
	if n > maxBatchTargets {
		return status.Errorf(codes.InvalidArgument, "batch %d has %d targets, at most %d are taken", o.id, n, maxBatchTargets)
	}
	if err := c.places.Acquire(ctx, n); err != nil {
		return status.FromContextError(err).Err()
	}
	ctx = check.WithCaller(c.cfg.WithTraceparent(ctx, o.traceparent), o.caller)
	ctx, cancel := within(ctx, o.deadline)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancels[o.id] != nil {
		cancel()
		return status.Errorf(codes.InvalidArgument, "batch %d is under way already: each has an id of its own", o.id)
	}
	c.cancels[o.id] = cancel
	c.start(func() {
		defer c.places.Release(n)
		defer c.cancel(o.id)
		c.run(ctx, o)
	})
	return nil
}

// start has f run by a goroutine that has run another and is free, or by a new
// one. That its stack has grown already saves a sixth of the worker's CPU where
// batches are of one URL (make bench-service, stack-1).
func (c *served) start(f func()) {
	select {
	case c.next <- f:
	default:
		c.running.Go(func() {
			f()
			for f := range c.next {
				f()
			}
		})
	}
}

// within bounds ctx, by nothing where limit is 0.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return context.WithCancel(ctx)
}

// cancel ends the batch's ctx, and forgets it.
func (c *served) cancel(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.cancels[id]; cancel != nil {
		cancel()
		delete(c.cancels, id)
	}
}

// run answers each of the batch's targets once, unless its caller is gone.
func (c *served) run(ctx context.Context, o order) {
	answered := make([]bool, len(o.targets))
	left := len(answered)
	var scratch []byte
	answer := func(r check.Result) bool {
		seq := r.Target.Seq
		if seq < 0 || seq >= int64(len(answered)) || answered[seq] {
			return true
		}
		answered[seq] = true
		left--
		r.Worker = cmp.Or(r.Worker, c.cfg.Name)
		scratch = appendResult(scratch[:0], o.id, uint64(seq), o.brief, &r)
		return c.out.put(scratch, left == 0)
	}
	rest := func(reason check.Reason, text string) {
		for _, t := range o.targets {
			answer(check.Failed(t, reason, text))
		}
	}
	defer func() {
		if p := recover(); p != nil {
			c.cfg.Log.Error("a batch panicked; what it had left is internal", "panic", p, "stack", string(debug.Stack()))
			rest(check.Internal, fmt.Sprintf("panic: %v", p))
		}
	}()
	for i := range o.targets {
		c.admit(&o.targets[i], int64(i))
	}
	if c.draining.Load() {
		rest(check.NotAttempted, "the worker is shutting down")
		return
	}
	for r := range c.runner.Run(ctx, slices.Values(o.targets)) {
		if errors.Is(ctx.Err(), context.Canceled) || !answer(r) {
			return
		}
	}
	switch err := ctx.Err(); {
	case err == nil:
		rest(check.Internal, "the engine gave no result")
	case errors.Is(err, context.DeadlineExceeded):
		rest(check.Canceled, "cut off by the caller's deadline")
	}
}
