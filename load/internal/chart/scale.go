// Package chart draws the plots of load tests as SVG that follows the reader's
// light or dark scheme.
package chart

import (
	"math"
	"strconv"
	"time"
)

// A scale maps values to pixels. Its ticks are round numbers.
type scale struct {
	from, to float64 // values
	at, end  float64 // pixels
	log      bool
	ticks    []float64
}

// linear begins at zero and ends at a round number of at least top.
func linear(top, at, end float64) scale {
	step := math.Pow(10, math.Floor(math.Log10(max(top, 1e-9))))
	for _, f := range []float64{0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10} {
		if top/(step*f) <= 4 {
			step *= f
			break
		}
	}
	s := scale{at: at, end: end}
	for v := 0.0; ; v += step {
		s.ticks = append(s.ticks, v)
		if v >= top {
			s.to = v
			return s
		}
	}
}

// logarithmic spans low to top between numbers that are 1, 2 or 5 times a power of
// ten. Its ticks are such numbers where there are few, and else the powers only.
func logarithmic(low, top, at, end float64) scale {
	low = max(low, 1e-3)
	top = max(top, low*2)
	s := scale{at: at, end: end, log: true}
	var round []float64 // from the last that is not above low to the first that is not below top
	for p := math.Pow(10, math.Floor(math.Log10(low))); len(round) == 0 || round[len(round)-1] < top; p *= 10 {
		for _, v := range []float64{p, 2 * p, 5 * p} {
			switch {
			case v <= low:
				round = []float64{v}
			case len(round) == 0 || round[len(round)-1] < top:
				round = append(round, v)
			}
		}
	}
	s.from, s.to = round[0], round[len(round)-1]
	few := s.to/s.from <= 100
	for _, v := range round {
		power := math.Abs(math.Remainder(math.Log10(v), 1)) < 1e-6
		if few || power {
			s.ticks = append(s.ticks, v)
		}
	}
	return s
}

func (s scale) px(v float64) float64 {
	from, to := s.from, s.to
	if s.log {
		from, to, v = math.Log(from), math.Log(to), math.Log(max(v, s.from))
	}
	if to == from {
		return s.at
	}
	return round(s.at + (v-from)/(to-from)*(s.end-s.at))
}

// round keeps SVG short.
func round(px float64) float64 { return math.Round(px*10) / 10 }

// Ms is a number of milliseconds for people: three digits at most.
func Ms(d time.Duration) string { return number(millis(d)) + " ms" }

// Count is a whole number with its thousands apart.
func Count(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// number has three digits below a thousand, and all above.
func number(v float64) string {
	switch {
	case v >= 100:
		return Count(v)
	case v >= 10:
		return trim(v, 1)
	default:
		return trim(v, 2)
	}
}

func trim(v float64, digits int) string {
	shift := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Round(v*shift)/shift, 'f', -1, 64)
}
