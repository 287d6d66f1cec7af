package plot

import (
	"math"
	"strconv"
)

// A scale maps values to pixels.
type scale struct {
	from, to float64 // values
	at, end  float64 // pixels
	log      bool
}

func (s scale) px(v float64) float64 {
	from, to := s.from, s.to
	if s.log {
		from, to, v = math.Log(from), math.Log(to), math.Log(v)
	}
	return s.at + (v-from)/(to-from)*(s.end-s.at)
}

// ticks are 1, 2 and 5 times the powers of ten where there are few of them, and
// the powers alone where there are many.
func (s scale) ticks() []float64 {
	var fine, powers []float64
	for p := math.Pow(10, math.Floor(math.Log10(s.from))); p <= s.to*1.001; p *= 10 {
		for _, f := range []float64{1, 2, 5} {
			v := p * f
			if v < s.from*0.999 || v > s.to*1.001 {
				continue
			}
			fine = append(fine, v)
			if f == 1 {
				powers = append(powers, v)
			}
		}
	}
	if len(fine) > 7 {
		return powers
	}
	return fine
}

// around gives the numbers 1, 2 or 5 times a power of ten that have low and high
// between them.
func around(low, high float64) (from, to float64) {
	for p := math.Pow(10, math.Floor(math.Log10(low))); ; p *= 10 {
		for _, f := range []float64{1, 2, 5} {
			v := p * f
			if v >= high*0.999 && v > from && from > 0 {
				return from, v
			}
			if v <= low*1.001 {
				from = v
			}
		}
	}
}

// short is a number in few letters: 12, 5k, 1M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return trim(v/1e6) + "M"
	case v >= 1e4 || v == math.Round(v/1e3)*1e3:
		return trim(v/1e3) + "k"
	default:
		return trim(v)
	}
}

func trim(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// px is a number of pixels; a tenth is fine enough.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
