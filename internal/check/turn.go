package check

import (
	"context"
	"errors"
	"time"
)

// A Turn is the place a check holds in a pool: a slot, and its host's turn.
type Turn interface {
	// Wait returns after d, or earlier with ctx's error. Meanwhile the place is
	// lent to others; before Wait returns nil it is held again. throttled says
	// that the host itself asked for the pause: then no other check of that host
	// starts before d is over either. It returns [ErrThrottled] at once, or when
	// d is over, where the host has throttled round after round and asking again
	// is no use.
	Wait(ctx context.Context, d time.Duration, throttled bool) error

	// Leave gives the place back for good. It is for a check that asks nothing
	// itself any more.
	Leave()
}

// ErrThrottled is returned by [Turn.Wait] for a host that is given up on.
var ErrThrottled = errors.New("host keeps throttling")

type turnKey struct{}

// WithTurn gives a ctx that carries turn, for [Wait].
func WithTurn(ctx context.Context, turn Turn) context.Context {
	return context.WithValue(ctx, turnKey{}, turn)
}

// Wait waits between two attempts of one check without keeping anyone else from
// theirs: a check that waits lends its place, for nobody waits while holding
// a slot. Where no pool runs the check, it only waits.
func Wait(ctx context.Context, d time.Duration, throttled bool) error {
	if turn, ok := ctx.Value(turnKey{}).(Turn); ok {
		return turn.Wait(ctx, d, throttled)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave gives back the place of a check that from now on only waits for another
// one's answer. If it kept its place, and many like it, the other one could not
// get its own back after a [Wait] (TestRepeatsOfAFailingURLDoNotLockThePool).
func Leave(ctx context.Context) {
	if turn, ok := ctx.Value(turnKey{}).(Turn); ok {
		turn.Leave()
	}
}
