package draw

import (
	"math"
	"strconv"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// format says a value in a unit, with three digits that count.
func format(v float64, unit string) string {
	if math.IsNaN(v) {
		return "–"
	}
	switch unit {
	case units.PercentUnit:
		return digits(v*100) + " %"
	case units.Seconds:
		return duration(v)
	case units.Days:
		return digits(v) + " d"
	case units.BytesIEC:
		return scaled(v, 1024, "B", "KiB", "MiB", "GiB", "TiB")
	case units.BytesPerSecondIEC:
		return scaled(v, 1024, "B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s")
	case units.RequestsPerSecond, units.OpsPerSecond:
		return scaled(v, 1000, "/s", "k/s", "M/s", "G/s")
	case units.Short:
		return scaled(v, 1000, "", "k", "M", "G")
	default:
		return digits(v)
	}
}

func duration(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0 s"
	case a < 1e-3:
		return digits(v*1e6) + " µs"
	case a < 1:
		return digits(v*1e3) + " ms"
	case a < 120:
		return digits(v) + " s"
	case a < 7200:
		return digits(v/60) + " min"
	case a < 172800:
		return digits(v/3600) + " h"
	default:
		return digits(v/86400) + " d"
	}
}

func scaled(v, by float64, names ...string) string {
	i := 0
	for math.Abs(v) >= by && i < len(names)-1 {
		v, i = v/by, i+1
	}
	if names[i] == "" {
		return digits(v)
	}
	return digits(v) + " " + names[i]
}

// digits rounds to three of them, and leaves no zeros at the end.
func digits(v float64) string {
	after := 2
	switch a := math.Abs(v); {
	case a >= 99.95:
		after = 0
	case a >= 9.995:
		after = 1
	case a > 0 && a < 0.01:
		after = 4
	}
	rounded := math.Round(v*math.Pow10(after)) / math.Pow10(after)
	return strconv.FormatFloat(rounded+0, 'f', -1, 64) // +0: no minus zero
}
