package check

import "maps"

// A Tally adds Results up. The zero value is empty. It takes at most 16 KiB
// however many Results there are. It is not safe for concurrent use: it belongs
// to the loop that reads them.
type Tally struct {
	pass, warn, fail, skip, cached int64
	byReason                       map[Reason]int64
	latency                        histogram
}

// Add counts r. Its latency counts where the network was asked for it: a cache
// hit says nothing about how fast the target is.
func (t *Tally) Add(r Result) {
	if r.Cached {
		t.AddCached(r.Outcome, r.Reason, 1)
		return
	}
	t.add(r.Outcome, r.Reason, 1)
	if r.Attempts > 0 {
		t.latency.add(r.Timing.Latency())
	}
}

// AddCached counts n cached results with one outcome and reason.
func (t *Tally) AddCached(outcome Outcome, reason Reason, n int) {
	t.add(outcome, reason, int64(n))
	t.cached += int64(n)
}

func (t *Tally) add(outcome Outcome, reason Reason, n int64) {
	switch outcome {
	case Pass:
		t.pass += n
	case Warn:
		t.warn += n
	case Skip:
		t.skip += n
	default: // an outcome of a newer worker's must not look like a pass
		t.fail += n
	}
	if reason != "" {
		if t.byReason == nil {
			t.byReason = make(map[Reason]int64)
		}
		t.byReason[reason] += n
	}
}

// Summary is the sum so far. Duplicates, Duration, Incomplete, ExitCode and
// Version are the caller's to fill in.
func (t *Tally) Summary() Summary {
	total := t.pass + t.warn + t.fail + t.skip
	return Summary{
		Total: total, Unique: total,
		Pass: t.pass, Warn: t.warn, Fail: t.fail, Skip: t.skip, Cached: t.cached,
		ByReason: maps.Clone(t.byReason),
		Latency: Latency{
			P50: t.latency.quantile(50),
			P90: t.latency.quantile(90),
			P95: t.latency.quantile(95),
			P99: t.latency.quantile(99),
			Max: t.latency.max,
		},
	}
}
