package main

import (
	"strings"

	"github.com/hc-health/hc/bench/plot"
)

// picture is s as three panels: rate, CPU and memory.
func (s sweep) picture() plot.Figure {
	f := plot.Figure{Title: s.title, X: s.axis}
	if s.linear {
		for _, p := range s.points {
			f.Names = append(f.Names, p.label)
		}
	}
	for _, panel := range []struct {
		title string
		of    func(entry) float64
	}{
		{s.unit + "/s", func(e entry) float64 { return e.rate }},
		{"CPU µs each", func(e entry) float64 { return e.cpu }},
		{"peak memory, MiB", func(e entry) float64 { return e.peak / (1 << 20) }},
	} {
		p := plot.Panel{Title: panel.title}
		for _, name := range s.programs() {
			line := plot.Line{Name: name, Hue: hue(name), Dashed: strings.HasSuffix(name, ", tuned")}
			for _, at := range s.points {
				if e, ok := at.of(name); ok && e.fault == "" {
					line.Points = append(line.Points, plot.Point{X: at.x, Y: panel.of(e)})
				}
			}
			if len(line.Points) > 1 || len(s.points) == 1 { // what is there at one point is in the table
				p.Lines = append(p.Lines, line)
			}
		}
		f.Panels = append(f.Panels, p)
	}
	return f
}

// hue gives each family of programs its colour, in every picture the same.
func hue(name string) int {
	for i, family := range []string{"hc", "minimal", "curl", "fasthttp", "xargs", "raw", "wrk", "hey", "vegeta"} {
		if strings.HasPrefix(name, family) {
			return i
		}
	}
	return 1 // a service has one peer
}
