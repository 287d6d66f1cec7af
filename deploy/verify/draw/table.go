package draw

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// table has a line for each name that any query has, and a column per query.
func (f frame) table() {
	rows := map[string][]float64{}
	for i, of := range f.series {
		for _, s := range of {
			if rows[s.Name] == nil {
				rows[s.Name] = slices.Repeat([]float64{math.NaN()}, len(f.series))
			}
			rows[s.Name][i] = s.last()
		}
	}
	first := f.w * 0.4
	wide := (f.w - first - 20) / float64(len(f.series))
	right := func(i int) float64 { return f.x + first + wide*float64(i+1) }
	y := f.y + 40
	f.text(f.x+10, y, "muted", "start", "Target")
	for i, q := range f.panel.Queries {
		f.text(right(i), y, "muted", "end", q.Legend)
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		y += 22
		if y > f.y+f.h-4 {
			return
		}
		f.add(`<path class="grid" d="M%.0f %.0fh%.0f"/>`, f.x+8, y-15, f.w-16)
		f.text(f.x+10, y, "cell", "start", name)
		for i, q := range f.panel.Queries {
			f.cell(right(i), y, q, rows[name][i])
		}
	}
}

func (f frame) cell(x, y float64, q boards.Query, value float64) {
	text := word(q.Words, value, cmp.Or(q.Unit, f.panel.Unit))
	if len(q.Steps) == 0 || math.IsNaN(value) {
		f.text(x, y, "cell", "end", text)
		return
	}
	f.add(`<text x="%.0f" y="%.0f" text-anchor="end" font-weight="600" style="fill:%s">%s</text>`, x, y, at(q.Steps, value), text)
}
