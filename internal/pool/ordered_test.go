package pool

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

func TestOrderedGivesResultsAsTheirTargetsWereRead(t *testing.T) {
	for _, window := range []int{0, 1, 2, 50} {
		synctest.Test(t, func(t *testing.T) {
			g := newGauge(0)
			g.takes = func(check.Target) time.Duration { return rand.N(time.Second) }
			ts := list(300, names(3)...)
			for i := range ts {
				ts[i].Seq = int64(7 * i) // a resumed run has gaps
			}
			i := 0
			for r := range Ordered(New(g, Config{}), window).Run(t.Context(), slices.Values(ts)) {
				if r.Target.Seq != ts[i].Seq {
					t.Fatalf("window %d: result %d is that of target %d", window, i, r.Target.Seq/7)
				}
				i++
			}
			if i != len(ts) {
				t.Errorf("window %d: %d results for %d targets", window, i, len(ts))
			}
		})
	}
}

func TestOrderedHoldsTheSourceBackForASlowTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 20
		g := newGauge(0)
		g.takes = func(t check.Target) time.Duration {
			if t.Seq == 100 {
				return time.Hour
			}
			return time.Millisecond
		}
		var asked atomic.Int64
		time.AfterFunc(time.Minute, func() {
			if n := asked.Load(); n != 100+1+window {
				t.Errorf("%d targets were read while target 100 is checked, want %d more", n, window)
			}
		})
		for range Ordered(New(g, Config{}), window).Run(t.Context(), checktest.Counted(checktest.Targets(500, 50), &asked)) {
		}
	})
}

func TestOrderedGivesWhatItHasWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := &checktest.Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
			if t.Seq%10 == 3 {
				return checktest.Hang(ctx, t)
			}
			return checktest.Pass(t)
		}}
		var got []int64
		for r := range Ordered(New(c, Config{}), 100).Run(ctx, checktest.Targets(50, 50)) {
			got = append(got, r.Target.Seq)
		}
		if len(got) != 50 || !slices.IsSorted(got) {
			t.Errorf("got %v", got)
		}
	})
}
