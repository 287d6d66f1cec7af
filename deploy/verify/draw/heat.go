package draw

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// heat shows a classic histogram: a column per time, a field per bucket, and the
// more was observed in it, the darker it is.
func (f frame) heat() {
	buckets := slices.Clone(f.all())
	slices.SortFunc(buckets, func(a, b Series) int { return cmp.Compare(bound(a), bound(b)) })
	// Buckets count what is below them; fields count what is between.
	fields := make([]map[float64]float64, len(buckets))
	below, most := map[float64]float64{}, 0.0
	first, last := len(buckets), 0
	for i, b := range buckets {
		fields[i] = map[float64]float64{}
		for _, pt := range b.Points {
			n := pt.Value - below[pt.Time]
			below[pt.Time] = pt.Value
			if n > 1e-9 {
				fields[i][pt.Time] = n
				most, first, last = max(most, n), min(first, i), max(last, i)
			}
		}
	}
	if first > last {
		f.text(f.x+f.w/2, f.y+f.h/2, "muted", "middle", "nothing was observed")
		return
	}
	first, last = max(0, first-1), min(len(buckets)-1, last+1)
	p := f.inside(0)
	rows := float64(last - first + 1)
	wide := p.w * buckets[0].step() / (p.to - p.from)
	shades := map[int]*strings.Builder{}
	for i := first; i <= last; i++ {
		y := p.y + p.h*(1-float64(i-first+1)/rows)
		if edge := bound(buckets[i]); !math.IsInf(edge, 1) {
			f.text(p.x-5, y+4, "tick", "end", format(edge, f.panel.Unit))
		}
		for _, t := range slices.Sorted(maps.Keys(fields[i])) {
			shade := 1 + int(7*math.Sqrt(fields[i][t]/most))
			if shades[shade] == nil {
				shades[shade] = &strings.Builder{}
			}
			x, _ := plot{x: p.x, w: p.w, from: p.from, to: p.to, top: 1}.at(t, 0)
			left := max(p.x, x-wide)
			fmt.Fprintf(shades[shade], "M%.1f %.1fH%.1fv%.1fH%.1fz", left, y, x, p.h/rows, left)
		}
	}
	for _, shade := range slices.Sorted(maps.Keys(shades)) {
		f.add(`<path d="%s" fill="#3274d9" fill-opacity="%.2f"/>`, shades[shade], 0.06+0.94*float64(shade-1)/7)
	}
	f.times(p)
}

// bound is the upper one of a bucket, by its name.
func bound(s Series) float64 {
	v, err := strconv.ParseFloat(s.Name, 64)
	if err != nil {
		return math.Inf(1)
	}
	return v
}
