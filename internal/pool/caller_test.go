package pool

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// TestCallersTakeTurnsHoweverManyRunsTheyHave: with ten Runs a caller gets what
// one with a single Run gets, and Runs of nobody's each have a turn.
func TestCallersTakeTurnsHoweverManyRunsTheyHave(t *testing.T) {
	for _, tt := range []struct {
		name, greedy, modest string
		turns                int // who has one, until the modest caller has its next
	}{
		{"by name", "greedy", "modest", 2},
		{"the greedy one by name", "greedy", "", 2},
		{"nobody's", "", "", 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New(newGauge(time.Second), Config{Concurrency: 1})
				run := func(caller string) {
					for range p.Run(check.WithCaller(t.Context(), caller), slices.Values(list(1, names(10)...))) {
					}
				}
				var greedy sync.WaitGroup
				for range 10 {
					greedy.Go(func() { run(tt.greedy) })
				}
				synctest.Wait()
				begin := time.Now()
				run(tt.modest)
				// One target at a time, a second each, ten for each who has turns.
				want := time.Duration(10*tt.turns) * time.Second
				if took := time.Since(begin); took < want-time.Second || took > want+time.Second {
					t.Errorf("10 targets took %v beside ten runs of 10, want %v", took, want)
				}
				greedy.Wait()
				idle(t, p)
				if len(p.callers) != 0 {
					t.Errorf("%d callers are remembered", len(p.callers))
				}
			})
		})
	}
}
