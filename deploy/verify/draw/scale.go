package draw

import (
	"math"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// ticks are round numbers from 0 to above top, three to six of them.
func ticks(top float64, unit string) []float64 {
	if !(top > 0) {
		top = 1
	}
	factor := 1.0
	if unit == units.BytesIEC || unit == units.BytesPerSecondIEC {
		factor = math.Pow(1024, math.Floor(math.Log(top)/math.Log(1024)))
	}
	step := round(top/factor/4) * factor
	all := []float64{0}
	for i := 1; all[len(all)-1] < top; i++ {
		all = append(all, float64(i)*step)
	}
	return all
}

// round is the next number above v of 1, 2 and 5 with zeros.
func round(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*power*1.0001 {
			return n * power
		}
	}
	return 10 * power
}
