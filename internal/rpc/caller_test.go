package rpc

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// TestCallersAreKnownToTheWorker, so that they take turns there too.
func TestCallersAreKnownToTheWorker(t *testing.T) {
	callers := make(chan string, 3)
	next := engine(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result { return check.Result{Target: t} }))
	w := start(t, runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
		callers <- check.Caller(ctx)
		return next.Run(ctx, ts)
	}), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	for _, name := range []string{"ci", "", "2001:db8::/64"} {
		collect(t, c.Run(check.WithCaller(t.Context(), name), slices.Values(targets(1))), 1)
		if got := <-callers; got != name {
			t.Errorf("caller %q, want %q", got, name)
		}
	}
}
