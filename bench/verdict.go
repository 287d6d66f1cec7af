package main

import (
	"fmt"
	"math"
	"slices"
)

// findings are what a scenario found out.
type findings struct {
	verdicts  []verdict
	standings []standing
	loads     []load
	floods    []flooding
}

// A verdict says whether one promise was kept.
type verdict struct {
	bar      string // what was promised
	measured string
	ok       bool
}

// judge holds the median of the rounds against the bar. slack loosens it by
// that share, for short runs on a busy machine; what the verdict prints is then
// the looser bar.
func (b bar) judge(values []float64, slack float64) verdict {
	m := median(values)
	bound, sign, ok := b.bound*(1-slack), "≥", m >= b.bound*(1-slack)
	if b.atMost {
		bound, sign, ok = b.bound*(1+slack), "≤", m <= b.bound*(1+slack)
	}
	v := verdict{bar: fmt.Sprintf("%s %s %s", b.what, sign, b.format(bound)), ok: ok}
	if b.against != "" {
		v.bar += " of " + b.against
	}
	v.measured = fmt.Sprintf("%s [%s–%s]", b.format(m), b.format(slices.Min(values)), b.format(slices.Max(values)))
	return v
}

func (b bar) format(v float64) string {
	switch {
	case b.against != "":
		return fmt.Sprintf("%.2f×", v)
	case b.what == peak:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// median of at least one value; of an even number it is the mean of the two in
// the middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return math.NaN()
	}
	half := len(s) / 2
	if len(s)%2 == 1 {
		return s[half]
	}
	return (s[half-1] + s[half]) / 2
}
