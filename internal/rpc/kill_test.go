package rpc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// The invariant behind the faults of a worker: for any schedule of kills, each
// target of each batch has one result, it passed or was lost, and no target was
// asked more often than it is sent.
func TestAnyScheduleOfKillsLosesAndRepeatsNothing(t *testing.T) {
	const tries = 3
	for round := range 4 {
		every := time.Duration(5+rand.N(80)) * time.Millisecond
		t.Run(fmt.Sprintf("%d, every %v", round, every), func(t *testing.T) {
			var mu sync.Mutex
			asked := make(map[string]int)
			fake := &checktest.Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
				mu.Lock()
				asked[t.URL]++
				mu.Unlock()
				select {
				case <-time.After(rand.N(10 * time.Millisecond)):
					return checktest.Pass(t)
				case <-ctx.Done():
					return check.Failed(t, check.Canceled, "cut off")
				}
			}}
			cfg := ClientConfig{Tries: tries, Patience: 500 * time.Millisecond}
			for i := range 3 {
				address := start(t, engine(fake), ServerConfig{}).address
				cfg.Workers = append(cfg.Workers, cutter(t, address, every*time.Duration(i+1)))
			}
			c := connect(t, cfg)
			var callers sync.WaitGroup
			for caller := range 6 {
				callers.Go(func() {
					for batch, begin := 0, time.Now(); time.Since(begin) < time.Second; batch++ {
						ts := targets(1 + rand.N(300))
						for i := range ts {
							ts[i].URL = fmt.Sprintf("%s-%d-%d", ts[i].URL, caller, batch)
						}
						got := slices.Collect(c.Run(t.Context(), slices.Values(ts)))
						collect(t, slices.Values(got), len(ts))
						if n := reasons(got); n[""]+n[check.WorkerLost] != len(ts) {
							t.Errorf("results by reason: %v", n)
						}
					}
				})
			}
			callers.Wait()
			mu.Lock()
			defer mu.Unlock()
			most := 0
			for _, n := range asked {
				most = max(most, n)
			}
			if most > tries {
				t.Errorf("a target was asked %d times", most)
			}
			eventually(t, 5*time.Second, "no check is under way", func() bool { return fake.InFlight() == 0 })
			t.Logf("%d targets, asked %d times at most", len(asked), most)
		})
	}
}
