package chart

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

type series struct {
	Class, Path string
}

type lines struct {
	frame
	Series []series
}

// OverTime shows the median and the 99th percentile of what was sent in each
// moment of a run, on a logarithmic scale.
func OverTime(run *measure.Run) (template.HTML, error) {
	moments := run.Moments()
	f := newFrame("Latency over time", "seconds since the start", "ms, log scale", legend{Class: "a", Name: "median"}, legend{Class: "b", Name: "p99"})
	low, top, end := time.Hour, time.Duration(0), time.Duration(0)
	for _, m := range moments {
		low, top = min(low, m.Quantile(0.5)), max(top, m.Quantile(0.99))
		end = m.At + run.Slice()
	}
	x := linear(end.Seconds(), f.Left, f.Right)
	x.to = max(end.Seconds(), run.Slice().Seconds()) // the run's end, and not a round number
	for x.ticks[len(x.ticks)-1] > x.to {
		x.ticks = x.ticks[:len(x.ticks)-1]
	}
	y := logarithmic(millis(low), millis(top), f.Bottom, f.Top)
	f.XTicks, f.YTicks = ticksOf(x), ticksOf(y)
	l := lines{frame: f}
	for _, q := range []struct {
		class string
		of    float64
	}{{"b", 0.99}, {"a", 0.5}} {
		var path strings.Builder
		for i, m := range moments {
			verb := "L"
			if i == 0 {
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%v %v", verb, x.px((m.At + run.Slice()/2).Seconds()), y.px(millis(m.Quantile(q.of))))
		}
		l.Series = append(l.Series, series{q.class, path.String()})
	}
	return draw("lines", l)
}
