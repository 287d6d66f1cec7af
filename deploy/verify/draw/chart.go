package draw

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A plot is the part of a frame between the axes.
type plot struct {
	x, y, w, h float64
	from, to   float64 // seconds
	top        float64 // value; the axis begins at 0
}

func (p plot) at(time, value float64) (x, y float64) {
	return p.x + p.w*(time-p.from)/(p.to-p.from), p.y + p.h*(1-value/p.top)
}

// inside is where f's axes leave room, and a legend of some lines.
func (f frame) inside(legend int) plot {
	return plot{x: f.x + 56, y: f.y + 28, w: f.w - 68, h: f.h - 28 - 26 - legendLine*float64(legend), from: f.from, to: f.to}
}

func (f frame) chart() {
	all := f.all()
	lines := all
	if f.panel.Stacked {
		lines = stacked(all)
	}
	legend := f.legend(all)
	p := f.inside(len(legend))
	most := highest(lines, f.panel.Full)
	if most == 0 && len(f.panel.Steps) > 1 {
		most = f.panel.Steps[1].From
	}
	marks := ticks(most, f.panel.Unit)
	p.top = marks[len(marks)-1]
	f.axes(p, marks)
	f.thresholds(p)
	for i, s := range slices.Backward(lines) { // the lowest of a stack is drawn last, on top
		if f.panel.Stacked {
			f.add(`<path d="%s" fill="%s" fill-opacity=".55" stroke="%[2]s"/>`, p.area(lines, i), f.tone(i, s.Name))
			continue
		}
		f.add(`<path d="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-linejoin="round"/>`, p.line(s), f.tone(i, s.Name))
	}
	for i, row := range legend {
		y := f.y + f.h - 9 - legendLine*float64(len(legend)-1-i)
		for _, e := range row {
			if e.tone != "" {
				f.add(`<rect x="%.0f" y="%.0f" width="10" height="3" fill="%s"/>`, e.x, y-5, e.tone)
			}
			f.text(e.x+13, y, "tick", "start", e.name)
		}
	}
}

func (f frame) axes(p plot, marks []float64) {
	for _, v := range marks {
		_, y := p.at(p.from, v)
		f.add(`<path class="grid" d="M%.0f %.1fh%.0f"/>`, p.x, y, p.w)
		f.text(p.x-5, y+3, "tick", "end", format(v, f.panel.Unit))
	}
	f.times(p)
}

// times are the full minutes below a plot, five at most.
func (f frame) times(p plot) {
	minutes := math.Ceil((p.to - p.from) / 60 / 5)
	step := minutes * 60
	for t := math.Ceil(p.from/step) * step; t <= p.to; t += step {
		x, _ := p.at(t, 0)
		f.text(x, p.y+p.h+13, "tick", "middle", time.Unix(int64(t), 0).UTC().Format("15:04"))
	}
}

// thresholds are dashed, as far as they are within the plot.
func (f frame) thresholds(p plot) {
	for i, s := range f.panel.Steps {
		if i > 0 && s.From <= p.top {
			_, y := p.at(p.from, s.From)
			f.add(`<path d="M%.0f %.1fh%.0f" stroke="%s" stroke-dasharray="4 4" stroke-opacity=".8"/>`, p.x, y, p.w, colour(s.Color))
		}
	}
}

// line goes from point to point, and stops where some are missing.
func (p plot) line(s Series) string {
	var d strings.Builder
	gap := 2.5 * s.step()
	for i, pt := range s.Points {
		pen := "L"
		if i == 0 || pt.Time-s.Points[i-1].Time > gap {
			pen = "M"
		} else if s.flat(i) {
			continue
		}
		x, y := p.at(pt.Time, pt.Value)
		fmt.Fprintf(&d, "%s%.0f %.1f", pen, x, y)
	}
	return d.String()
}

// flat says that the line between the i-th point's neighbours goes through it.
func (s Series) flat(i int) bool {
	if i == len(s.Points)-1 || s.Points[i+1].Time-s.Points[i].Time > 1.5*s.step() {
		return false
	}
	before, here, after := s.Points[i-1].Value, s.Points[i].Value, s.Points[i+1].Value
	return before == here && here == after
}

// area is between the i-th line of a stack and the one below it.
func (p plot) area(lines []Series, i int) string {
	var d strings.Builder
	corner := func(time, value float64) {
		x, y := p.at(time, value)
		pen := "L"
		if d.Len() == 0 {
			pen = "M"
		}
		fmt.Fprintf(&d, "%s%.0f %.1f", pen, x, y)
	}
	points := lines[i].Points
	for _, pt := range points {
		corner(pt.Time, pt.Value)
	}
	if i == 0 {
		corner(points[len(points)-1].Time, 0)
		corner(points[0].Time, 0)
		return d.String() + "Z"
	}
	for j, pt := range slices.Backward(points) {
		corner(pt.Time, lines[i-1].Points[j].Value)
	}
	return d.String() + "Z"
}

// stacked puts each series on those before it, at all times that any has.
func stacked(all []Series) []Series {
	var times []float64
	known := map[float64]bool{}
	values := make([]map[float64]float64, len(all))
	for i, s := range all {
		values[i] = map[float64]float64{}
		for _, pt := range s.Points {
			if !known[pt.Time] {
				known[pt.Time] = true
				times = append(times, pt.Time)
			}
			values[i][pt.Time] = pt.Value
		}
	}
	slices.Sort(times)
	sums := make([]Series, len(all))
	below := make([]float64, len(times))
	for i, s := range all {
		sums[i].Name = s.Name
		for j, t := range times {
			below[j] += values[i][t]
			sums[i].Points = append(sums[i].Points, Point{t, below[j]})
		}
	}
	return sums
}
