package main

import (
	"context"
	"strconv"
)

// The base point of the lists: what every sweep of them holds but for one thing.
const (
	baseURLs = 10_000
	baseC    = 256
)

// sizes are the lengths of lists, with what is left out of the longer ones: a run
// takes a few seconds, but for the million, which is run once.
func (l *lab) sizes() []int {
	if l.short {
		return []int{1_000, 2_000}
	}
	return []int{1_000, baseURLs, 100_000, 1_000_000}
}

func (l *lab) concurrencies() []int {
	if l.short {
		return []int{64, baseC}
	}
	return []int{16, 64, baseC, 1024}
}

// roundsOf is how often a list of n URLs is run: a million takes long enough to be
// its own average.
func (l *lab) roundsOf(n int) int {
	if n >= 1_000_000 {
		return 1
	}
	return l.rounds
}

// along gives a point for each x, and one that is measured already at the base.
func along(xs []int, at int, base *cell, of func(x int) (*cell, error)) ([]point, error) {
	var points []point
	for _, x := range xs {
		p := point{label: count(x), x: float64(x), cell: base}
		if x != at {
			var err error
			if p.cell, err = of(x); err != nil {
				return nil, err
			}
		}
		points = append(points, p)
	}
	return points, nil
}

// A kind of target, and the programs that ask it.
type kind struct {
	name string
	cell func() (*cell, error)
}

func kinds(all []kind) ([]point, error) {
	var points []point
	for i, k := range all {
		c, err := k.cell()
		if err != nil {
			return nil, err
		}
		points = append(points, point{label: k.name, x: float64(i), cell: c})
	}
	return points, nil
}

// growthSweep is how memory and CPU grow with the length of a stream.
func (l *lab) growthSweep() sweep {
	s := sweep{
		name: "growth", title: "By length of a stream", axis: "lines", unit: "URLs",
		says: "Lines from a pipe over 1 000 URLs, from memory but for their first time, so that nothing but the length differs. From a million on one run each.",
	}
	sizes := append(l.sizes(), l.size(10_000_000, 100_000))
	for _, n := range sizes {
		s.points = append(s.points, point{label: count(n), x: float64(n), cell: pipeCell(n)})
	}
	return s
}

func pipeCell(n int) *cell {
	return &cell{run: func(ctx context.Context, l *lab) ([]entry, error) {
		e := entry{name: "hc", speed: 1, thrift: 1}
		var runs []sample
		for range l.roundsOf(n) {
			s, sum, err := l.pipe(ctx, n)
			if err != nil {
				return nil, err
			}
			if v := sum.all(n); !v.ok {
				e.fault = v.measured
			}
			runs = append(runs, s)
		}
		e.rate = medianOf(runs, func(s sample) float64 { return float64(n) / s.wall.Seconds() })
		e.cpu = medianOf(runs, func(s sample) float64 { return micros(s.cpu) / float64(n) })
		e.peak = medianOf(runs, func(s sample) float64 { return float64(s.peak) })
		return []entry{e}, nil
	}}
}

// count is a whole number in few letters.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 1_000 && n%1_000 == 0:
		return strconv.Itoa(n/1_000) + "k"
	}
	return strconv.Itoa(n)
}
