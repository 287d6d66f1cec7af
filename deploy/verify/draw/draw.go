// Package draw makes a picture of a dashboard: its panels, at their places, with
// what a Prometheus answered to their queries. It is not Grafana and says so in
// the picture; it shows what there is to see, not every way of showing it.
package draw

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// A Series is a line of a panel.
type Series struct {
	Name   string
	Points []Point // in the order of time
}

// A Point is a sample; its time is in seconds since 1970.
type Point struct{ Time, Value float64 }

// A Source gives the series of each query of a panel, in the queries' order.
type Source func(p boards.Panel) ([][]Series, error)

// The picture's sizes, in pixels.
const (
	width  = 1200
	column = (width - 2*margin) / 24.0
	line   = 27.0 // the height of Grafana's grid is 24 to 38, by the panel's settings
	margin = 12.0
	gap    = 6.0
	top    = 62.0 // of the first panel, below the title
)

// Board draws b over the time from from to to, as SVG. The colours of text and
// ground follow the reader's, light or dark.
func Board(b boards.Board, from, to time.Time, source Source) ([]byte, error) {
	grid := b.Grid()
	end := 0
	for _, at := range grid {
		end = max(end, at.Y+at.H)
	}
	height := top + float64(end)*line + margin
	c := &canvas{}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" font-family="system-ui,Segoe UI,Helvetica,Arial,sans-serif" font-size="11">`, width, height)
	c.add("<title>%s</title>", html.EscapeString(b.Title))
	c.add("<style>%s</style>", style)
	c.add(`<rect class="ground" width="%d" height="%.0f" rx="6"/>`, width, height)
	c.text(margin+4, 26, "big", "start", b.Title)
	c.text(margin+4, 45, "muted", "start", b.Text)
	c.text(width-margin-4, 26, "muted", "end", fmt.Sprintf("%s, %s shown", to.UTC().Format("2006-01-02 15:04 UTC"), to.Sub(from).Round(time.Second)))
	c.text(width-margin-4, 45, "muted", "end", "Drawn by deploy/verify from a live Prometheus. Grafana was not used.")
	for _, at := range grid {
		x, y := margin+float64(at.X)*column, top+float64(at.Y)*line
		if at.Panel == nil {
			c.text(x+4, y+line-9, "row", "start", at.Heading)
			continue
		}
		series, err := source(*at.Panel)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at.Title, err)
		}
		f := frame{
			canvas: c, panel: *at.Panel, series: finite(series),
			x: x + gap/2, y: y + gap/2, w: float64(at.W)*column - gap, h: float64(at.H)*line - gap,
			from: unix(from), to: unix(to),
		}
		f.draw()
	}
	c.add("</svg>\n")
	return []byte(c.b.String()), nil
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

const style = `text{fill:#24292f}.ground{fill:#f4f5f5}.card{fill:#fff;stroke:#dcdde0}.muted,.tick{fill:#6b7280}.tick{font-size:10px}` +
	`.big{font-size:18px;font-weight:600}.row{font-size:13px;font-weight:600}.name{font-weight:600}.grid{stroke:#e4e5e7}` +
	`@media(prefers-color-scheme:dark){text{fill:#d8d9da}.ground{fill:#111217}.card{fill:#181b1f;stroke:#2c3235}.muted,.tick{fill:#9aa0a8}.grid{stroke:#2a2e33}}`

// colour gives Grafana's names a tone that can be read on light and on dark.
func colour(name string) string {
	tones := map[string]string{"green": "#3f9c35", "orange": "#e8760c", "red": "#e02f44", "blue": "#3274d9"}
	return cmp.Or(tones[name], "#8e8e8e")
}

// tone is the colour of the i-th series.
func tone(i int) string {
	tones := []string{"#3274d9", "#e0a100", "#3f9c35", "#e02f44", "#9954bb", "#19a3b1", "#e8760c", "#c15c8a", "#7c8b1c", "#6d6f78"}
	return tones[i%len(tones)]
}

// at is the colour of a value, by its steps.
func at(steps []boards.Step, value float64) string {
	name := ""
	for i, s := range steps {
		if i == 0 || value >= s.From {
			name = s.Color
		}
	}
	return colour(name)
}

// A canvas collects SVG.
type canvas struct{ b strings.Builder }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

// text writes s, whose anchor is start, middle or end.
func (c *canvas) text(x, y float64, class, anchor, s string) {
	c.add(`<text x="%.0f" y="%.0f" class="%s"`, x, y, class)
	if anchor != "start" {
		c.add(` text-anchor="%s"`, anchor)
	}
	c.add(">%s</text>", html.EscapeString(s))
}

// A frame is one panel on the canvas.
type frame struct {
	*canvas
	panel      boards.Panel
	series     [][]Series
	x, y, w, h float64
	from, to   float64
}

func (f frame) draw() {
	f.add(`<g><title>%s</title><rect class="card" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="3"/>`, html.EscapeString(f.panel.Text), f.x, f.y, f.w, f.h)
	f.text(f.x+8, f.y+17, "name", "start", f.panel.Title)
	switch {
	case len(f.all()) == 0:
		f.text(f.x+f.w/2, f.y+f.h/2+6, "muted", "middle", cmp.Or(f.panel.Empty, "no data"))
	case f.panel.Kind == boards.Stat:
		f.stat()
	case f.panel.Kind == boards.Heat:
		f.heat()
	case f.panel.Kind == boards.Bars:
		f.bars()
	case f.panel.Kind == boards.Strip:
		f.strip()
	case f.panel.Kind == boards.Table:
		f.table()
	default:
		f.chart()
	}
	f.add("</g>\n")
}

// all are the series of all queries.
func (f frame) all() []Series {
	var all []Series
	for _, of := range f.series {
		all = append(all, of...)
	}
	return all
}

// finite leaves out what is no number, and series that have none.
func finite(all [][]Series) [][]Series {
	kept := make([][]Series, len(all))
	for i, of := range all {
		for _, s := range of {
			s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(p Point) bool { return math.IsNaN(p.Value) || math.IsInf(p.Value, 0) })
			if len(s.Points) > 0 {
				kept[i] = append(kept[i], s)
			}
		}
	}
	return kept
}

// last is the newest value.
func (s Series) last() float64 { return s.Points[len(s.Points)-1].Value }

// highest is the largest value of all, at least atLeast.
func highest(all []Series, atLeast float64) float64 {
	for _, s := range all {
		for _, p := range s.Points {
			atLeast = max(atLeast, p.Value)
		}
	}
	return atLeast
}

// step is the least time between two points.
func (s Series) step() float64 {
	step := math.Inf(1)
	for i := 1; i < len(s.Points); i++ {
		step = min(step, s.Points[i].Time-s.Points[i-1].Time)
	}
	if math.IsInf(step, 1) {
		return 1
	}
	return step
}

// word is what stands for a value, its number where nothing does.
func word(words []string, value float64, unit string) string {
	if i := int(value); float64(i) == value && i >= 0 && i < len(words) {
		return words[i]
	}
	return format(value, unit)
}
