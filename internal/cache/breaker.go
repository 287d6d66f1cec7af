package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

// errOpen stands for a call that was not made, because those before it failed.
var errOpen = errors.New("the shared cache is not asked for the moment")

// errCallerGone stands for a call whose caller's ctx ended: it says nothing
// about Redis.
var errCallerGone = errors.New("the caller has gone")

const (
	breakAfter = 5               // failures in a row
	breakFor   = 2 * time.Second // then one call is let through to see
)

// A breaker makes calls to Redis, each within timeout, and none for breakFor
// after breakAfter of them failed in a row. It stands around the calls and not
// in the client: there its one trial call is used up by the HELLO of the
// connection it has to make, and it stays open for ever (TestRedisComesBack). A
// Redis that is full or read-only refuses writes at once and still answers reads, so
// the two have a breaker each.
type breaker struct {
	timeout time.Duration
	note    func(error) // is told the outcome of each call made
	circuit *gobreaker.CircuitBreaker[struct{}]
}

func newBreaker(timeout time.Duration, note func(error)) breaker {
	return breaker{timeout, note, gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     breakFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
		IsExcluded:  func(err error) bool { return errors.Is(err, errCallerGone) },
	})}
}

func (b breaker) do(ctx context.Context, call func(ctx context.Context) error) error {
	_, err := b.circuit.Execute(func() (struct{}, error) {
		within, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		err := call(within)
		if err != nil && ended(ctx) {
			return struct{}{}, fmt.Errorf("%w: %w", errCallerGone, err)
		}
		b.note(err)
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return errOpen
	}
	return err
}

// ended reports whether ctx has ended or is about to: a connection's deadline,
// which is ctx's, may fire a moment before ctx itself does.
func ended(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}
