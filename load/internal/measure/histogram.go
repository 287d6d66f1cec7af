// Package measure turns the single requests of a load test into its figures.
package measure

import (
	"math"
	"time"
)

// The buckets of a Histogram: each is 2 % wider than the one before, from one
// microsecond to ten minutes, so that a quantile is right to 1 %.
const (
	buckets = 1024
	growth  = 1.02
)

// A Histogram counts durations in fixed space. The zero value is empty.
type Histogram struct {
	counts [buckets]uint32
	n      int
	max    time.Duration
}

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(d)]++
	h.n++
	h.max = max(h.max, d)
}

// Merge counts what other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, c := range other.counts {
		h.counts[i] += c
	}
	h.n += other.n
	h.max = max(h.max, other.max)
}

// N is how many durations were added.
func (h *Histogram) N() int { return h.n }

// Max is the longest, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile is the duration that a share q (0 to 1) does not exceed, to 1 %; 0
// where nothing was added.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(1, int(math.Ceil(q*float64(h.n))))
	for i, c := range h.counts {
		if rank -= int(c); rank <= 0 {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

// A Bar is a range of durations and how many were in it.
type Bar struct {
	From, To time.Duration
	N        int
}

// Bars are what was counted, the buckets taken together by eight (17 % wide
// each), from the first that holds something to the last.
func (h *Histogram) Bars() []Bar {
	const together = 8
	var bars []Bar
	filled := 0 // bars up to the last that holds something
	for i := 0; i < buckets; i += together {
		b := Bar{From: edge(i), To: edge(i + together)}
		for _, c := range h.counts[i : i+together] {
			b.N += int(c)
		}
		if b.N == 0 && len(bars) == 0 {
			continue
		}
		bars = append(bars, b)
		if b.N > 0 {
			filled = len(bars)
		}
	}
	return bars[:filled]
}

func bucket(d time.Duration) int {
	i := math.Log(float64(max(d, time.Microsecond))/float64(time.Microsecond)) / math.Log(growth)
	return min(int(i), buckets-1)
}

// edge is where bucket i begins.
func edge(i int) time.Duration {
	return time.Duration(float64(time.Microsecond) * math.Pow(growth, float64(i)))
}

func middle(i int) time.Duration {
	return time.Duration(float64(time.Microsecond) * math.Pow(growth, float64(i)+0.5))
}
