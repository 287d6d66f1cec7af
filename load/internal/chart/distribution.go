package chart

import (
	"html/template"

	"github.com/hc-health/hc/load/internal/measure"
)

type bar struct {
	Class      string
	X, Y, W, H float64
}

type mark struct {
	At, Y float64
	Label string
	Left  bool // the label stands left of its line
}

type distribution struct {
	frame
	Bars  []bar
	Marks []mark
}

// Distribution shows how many requests took how long. The bars are equally wide
// on a logarithmic scale; those beyond the 99th percentile have a colour of their
// own.
func Distribution(h *measure.Histogram) (template.HTML, error) {
	f := newFrame("Distribution of latency", "ms, log scale", "% of requests", legend{Class: "a", Name: "to p99"}, legend{Class: "b", Name: "beyond"})
	bars := h.Bars()
	if len(bars) == 0 {
		return draw("distribution", distribution{frame: f})
	}
	most := 0
	for _, b := range bars {
		most = max(most, b.N)
	}
	percent := func(n int) float64 { return 100 * float64(n) / float64(h.N()) }
	x := logarithmic(millis(bars[0].From), millis(bars[len(bars)-1].To), f.Left, f.Right)
	y := linear(percent(most), f.Bottom, f.Top)
	f.XTicks, f.YTicks = ticksOf(x), ticksOf(y)
	d := distribution{frame: f}
	p99 := h.Quantile(0.99)
	for _, b := range bars {
		class := "a"
		if b.From >= p99 {
			class = "b"
		}
		from, to, top := x.px(millis(b.From)), x.px(millis(b.To)), y.px(percent(b.N))
		if b.N > 0 {
			top = min(top, f.Bottom-1.5) // one in a million is seen too
		}
		d.Bars = append(d.Bars, bar{class, from, top, round(max(to-from-1, 1)), round(f.Bottom - top)})
	}
	middle := (f.Left + f.Right) / 2
	for i, m := range []struct {
		name string
		q    float64
	}{{"median", 0.5}, {"p99", 0.99}} {
		took := h.Quantile(m.q)
		at := x.px(millis(took))
		d.Marks = append(d.Marks, mark{at, f.Top + 8 + 16*float64(i), m.name + " " + Ms(took), at > middle})
	}
	return draw("distribution", d)
}
