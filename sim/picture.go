package main

import (
	"fmt"
	"strings"
	"time"
)

// A curve is a course to be drawn.
type curve struct {
	name   string
	colour string
	course []tick
}

// picture draws how many answers a second each curve has, from begin to end.
func picture(title string, begin, end time.Duration, top float64, curves []curve) string {
	const width, height, left, right, above, below = 720, 340, 70, 20, 40, 80
	x := func(at time.Duration) float64 {
		return left + (width-left-right)*float64(at-begin)/float64(end-begin)
	}
	y := func(v float64) float64 { return height - below - (height-above-below)*min(v/top, 1) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><text x="%d" y="22" font-size="14">%s</text>`+"\n", width, height, left, title)
	for i := range 6 {
		v := top * float64(i) / 5
		fmt.Fprintf(&b, `<path d="M%d %.0fH%d" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%s</text>`+"\n", left, y(v), width-right, left-6, y(v)+4, count(v))
	}
	for at := begin; at <= end; at += time.Second {
		fmt.Fprintf(&b, `<text x="%.0f" y="%d" text-anchor="middle">%s</text>`+"\n", x(at), height-below+18, at)
	}
	for i, c := range curves {
		var points strings.Builder
		for n, t := range c.course {
			// A point stands in the middle of its tick.
			if at := time.Duration(n) * ticks; at >= begin && at+ticks <= end {
				fmt.Fprintf(&points, "%.1f,%.1f ", x(at+ticks/2), y(float64(t.answered)/ticks.Seconds()))
			}
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", c.colour, strings.TrimSpace(points.String()))
		row, column := height-36+18*(i/2), left+320*(i%2)
		fmt.Fprintf(&b, `<path d="M%d %dh20" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s</text>`+"\n", column, row-4, c.colour, column+26, row, c.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
