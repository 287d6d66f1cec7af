// Package plot draws lines over logarithmic axes as SVG: panels side by side over
// one quantity, each line named at its end. Colours follow the reader's light or
// dark scheme; who cannot tell them apart has the marks and the names.
package plot

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// A Figure is a row of panels that share what their x axes say.
type Figure struct {
	Title  string
	X      string   // what x is
	Names  []string // of the x values 0, 1, 2 …; without them x is a number above 0, on a logarithmic axis
	Panels []Panel
}

// A Panel is one pair of axes.
type Panel struct {
	Title string // says the unit of y
	Lines []Line // the first one is drawn last, and thickest
}

// A Line is named beside its last point.
type Line struct {
	Name   string
	Hue    int // 0 to Hues-1, for its colour and its marks
	Dashed bool
	Points []Point // in the order of x; those with a y of 0 or less are not known
}

// A Point is a pair of values.
type Point struct{ X, Y float64 }

// Hues is how many colours there are.
const Hues = 9

// The sizes, in pixels.
const (
	panelWidth = 210.0 // between its axes
	names      = 126.0 // to the right of a panel
	scales     = 46.0  // to the left
	top        = 62.0
	bottom     = top + 250
	height     = bottom + 48
	lineHeight = 13.0
)

// SVG is the figure as a file.
func (f Figure) SVG() string {
	var c canvas
	width := 20 + float64(len(f.Panels))*(scales+panelWidth+names)
	c.add(`<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img"><title>%s</title>`, px(width), px(height), html.EscapeString(f.Title))
	c.add("<style>%s</style>", style)
	c.add(`<rect class="surface" width="%s" height="%s" rx="8"/>`, px(width), px(height))
	c.text(16, 26, "title", f.Title)
	for i, p := range f.Panels {
		left := 12 + float64(i)*(scales+panelWidth+names) + scales
		f.panel(&c, p, left, left+panelWidth)
	}
	c.add("</svg>")
	return c.b.String()
}

func (f Figure) panel(c *canvas, p Panel, left, right float64) {
	x, y := f.across(p, left+10, right-10), upright(p)
	c.text(left-scales+4, top-14, "name", p.Title)
	for _, v := range y.ticks() {
		c.add(`<path class="grid" d="M%s %sH%s"/>`, px(left), px(y.px(v)), px(right))
		c.text(left-6, y.px(v)+4, "right", short(v))
	}
	c.add(`<path class="axis" d="M%s %sH%s"/>`, px(left), px(bottom), px(right))
	for _, v := range f.marks(p, x) {
		c.add(`<path class="axis" d="M%s %sv4"/>`, px(x.px(v)), px(bottom))
		c.text(x.px(v), bottom+17, "middle", f.name(v))
	}
	c.text((left+right)/2, bottom+36, "middle", f.X)
	var ends []label
	for i, l := range slices.Backward(p.Lines) {
		path := l.trace(x, y)
		if path == "" {
			continue
		}
		class := fmt.Sprintf("h%d", l.Hue)
		c.add(`<path class="line %s%s%s" d="%s"/>`, class, when(l.Dashed, " dashed"), when(i == 0, " first"), path)
		for _, p := range l.known() {
			c.mark(l.Hue, x.px(p.X), y.px(p.Y))
		}
		last := l.known()[len(l.known())-1]
		ends = append(ends, label{l.Name, class + when(i == 0, " name"), x.px(last.X), y.px(last.Y), y.px(last.Y)})
	}
	for _, e := range apart(ends) {
		if math.Abs(e.y-e.at) > 3 {
			c.add(`<path class="leader %s" d="M%s %sL%s %s"/>`, e.class, px(e.x+5), px(e.at), px(e.x+12), px(e.y))
		}
		c.text(e.x+14, e.y+4, "end "+e.class, e.text)
	}
}

// across is the x axis. Names stand at equal distances.
func (f Figure) across(p Panel, left, right float64) scale {
	if len(f.Names) > 0 {
		return scale{from: 0, to: max(float64(len(f.Names)-1), 1), at: left, end: right}
	}
	low, high := p.span(func(at Point) float64 { return at.X })
	return scale{from: low, to: high, at: left, end: right, log: true}
}

func upright(p Panel) scale {
	low, high := p.span(func(at Point) float64 { return at.Y })
	low, high = around(low, high)
	return scale{from: low, to: high, at: bottom, end: top, log: true}
}

// marks are the x values that are named.
func (f Figure) marks(p Panel, x scale) []float64 {
	var all []float64
	for i := range f.Names {
		all = append(all, float64(i))
	}
	if len(all) > 0 {
		return all
	}
	for _, l := range p.Lines {
		for _, at := range l.Points {
			if !slices.Contains(all, at.X) {
				all = append(all, at.X)
			}
		}
	}
	slices.Sort(all)
	return slices.CompactFunc(all, func(a, b float64) bool { return math.Abs(x.px(b)-x.px(a)) < 24 }) // or they would overlap
}

func (f Figure) name(v float64) string {
	if len(f.Names) > 0 {
		return f.Names[int(v)]
	}
	return short(v)
}

// span is the least and the greatest of what is known in p.
func (p Panel) span(of func(Point) float64) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, l := range p.Lines {
		for _, at := range l.known() {
			low, high = min(low, of(at)), max(high, of(at))
		}
	}
	if high == 0 {
		return 1, 10
	}
	return low, max(high, low*1.001) // an axis has a length
}

func (l Line) known() []Point {
	return slices.DeleteFunc(slices.Clone(l.Points), func(p Point) bool { return p.Y <= 0 })
}

// trace is the path through what is known. Where x has names, a name without a
// value interrupts it.
func (l Line) trace(x, y scale) string {
	var path strings.Builder
	last := math.Inf(-1)
	for _, p := range l.known() {
		verb := "L"
		if math.IsInf(last, -1) || !x.log && p.X-last > 1 {
			verb = "M"
		}
		path.WriteString(verb + px(x.px(p.X)) + " " + px(y.px(p.Y)))
		last = p.X
	}
	return path.String()
}

// A label names the line that ends at (x, at); y is where it has room.
type label struct {
	text, class string
	x, at, y    float64
}

// apart moves the labels of lines that end at the same x up and down, until each
// has a line of text to itself, as near to its own place as that allows.
func apart(all []label) []label {
	slices.SortFunc(all, func(a, b label) int {
		if a.x != b.x {
			return int(math.Copysign(1, a.x-b.x))
		}
		return int(math.Copysign(1, a.at-b.at))
	})
	for start := 0; start < len(all); {
		end := start + 1
		for end < len(all) && all[end].x == all[start].x {
			end++
		}
		spread(all[start:end])
		start = end
	}
	return all
}

// spread goes over labels in the order of their places, and puts those that
// overlap into a block around the middle of their places.
func spread(column []label) {
	type block struct {
		from, to int
		middle   float64
	}
	half := func(b block) float64 { return float64(b.to-b.from) * lineHeight / 2 }
	var blocks []block
	for i := range column {
		b := block{i, i + 1, column[i].at}
		for len(blocks) > 0 {
			above := blocks[len(blocks)-1]
			if above.middle+half(above) <= b.middle-half(b) {
				break
			}
			n, m := float64(above.to-above.from), float64(b.to-b.from)
			b = block{above.from, b.to, (above.middle*n + b.middle*m) / (n + m)}
			b.middle = min(max(b.middle, top+half(b)), bottom-half(b))
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		for i := b.from; i < b.to; i++ {
			column[i].y = b.middle - half(b) + (float64(i-b.from)+0.5)*lineHeight
		}
	}
}

func when(ok bool, text string) string {
	if ok {
		return text
	}
	return ""
}
