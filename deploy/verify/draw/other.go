package draw

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hc-health/hc/deploy/verify/boards"
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

// bars are the last values, one below the other.
func (f frame) bars() {
	all := f.all()
	most := max(highest(all, f.panel.Full), 1)
	high := min(34, (f.h-34)/float64(len(all)))
	for i, s := range all {
		y := f.y + 28 + float64(i)*high
		v := s.last()
		f.text(f.x+8, y+high/2+3, "tick", "start", s.Name)
		left, room := f.x+f.w*0.42, f.w*0.58-86
		f.add(`<rect class="grid" fill="none" x="%.0f" y="%.1f" width="%.0f" height="%.1f"/>`, left, y+4, room, high-8)
		f.add(`<rect x="%.0f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left, y+4, room*max(0, v)/most, high-8, at(f.panel.Steps, v))
		f.text(left+room+8, y+high/2+4, "name", "start", word(f.panel.Words, v, f.panel.Unit))
	}
}

// strip has a line per series, coloured by what it was at each time.
func (f frame) strip() {
	all := f.all()
	p := plot{x: f.x + 190, y: f.y + 26, w: f.w - 202, h: f.h - 26 - 22, from: f.from, to: f.to, top: 1}
	high := p.h / float64(len(all))
	for i, s := range all {
		y := p.y + float64(i)*high
		f.text(p.x-8, y+high/2+4, "tick", "end", s.Name)
		step := s.step()
		for j := 0; j < len(s.Points); {
			k := j
			for k < len(s.Points) && s.Points[k].Value == s.Points[j].Value {
				k++
			}
			begin, _ := p.at(max(p.from, s.Points[j].Time-step), 0)
			end, _ := p.at(s.Points[k-1].Time, 0)
			f.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity=".8"/>`, begin, y+2, end-begin, high-4, at(f.panel.Steps, s.Points[j].Value))
			j = k
		}
	}
	f.times(p)
}

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
