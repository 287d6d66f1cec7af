package main

import (
	"context"
	"fmt"
	"slices"
)

// A sweep varies one thing and leaves all else as it is at the base point.
type sweep struct {
	name   string // of its picture
	title  string
	says   string // what is varied, what is held, and who is in it
	axis   string
	unit   string // of what is counted per second: URLs, requests
	points []point
	linear bool // the points are names, and not numbers
}

// A point is a value of what is varied. The base point is in several sweeps, and
// is measured once.
type point struct {
	label string
	x     float64
	*cell
}

// A cell is one measurement: hc and its peers in turn.
type cell struct {
	run func(ctx context.Context, l *lab) ([]entry, error)
	// entries is what was found; empty until it is measured. hc is the first.
	entries []entry
}

func (c *cell) measure(ctx context.Context, l *lab) error {
	if len(c.entries) > 0 {
		return nil
	}
	var err error
	c.entries, err = c.run(ctx, l)
	return err
}

// An entry is how one program did: medians of its turns.
type entry struct {
	name string
	rate float64 // per second, of those that passed
	cpu  float64 // µs each
	peak float64 // bytes; 0 is unknown
	p99  float64 // seconds; 0 is unknown
	urls int     // that it was given, where those are not all
	// speed and thrift are hc's rate and hc's CPU as multiples of this one's,
	// medians over the rounds.
	speed, thrift float64
	fault         string // why its figures do not count; "" where each check held
}

// raceCell has programs check a list, rounds times.
func raceCell(r race, rounds int) *cell {
	return &cell{run: func(ctx context.Context, l *lab) ([]entry, error) {
		laps, err := r.laps(ctx, l, rounds)
		if err != nil {
			return nil, err
		}
		entries := make([]entry, len(laps))
		for i, c := range r.contenders {
			of := func(value func(lap) float64) float64 { return medianOf(laps[i], value) }
			entries[i] = entry{
				name:   c.name,
				rate:   of(func(s lap) float64 { return s.value(rate) }),
				cpu:    of(func(s lap) float64 { return 1e6 * s.value(cpu) }),
				peak:   of(func(s lap) float64 { return s.value(peak) }),
				speed:  medianRatio(laps[0], laps[i], func(s lap) float64 { return s.value(rate) }),
				thrift: medianRatio(laps[0], laps[i], func(s lap) float64 { return s.value(cpu) }),
				fault:  faultOf(c, r.job, laps[i]),
			}
			if c.only > 0 && c.only < r.job.urls {
				entries[i].urls = c.only
			}
			if c.swarm {
				entries[i].peak = 0
			}
		}
		return entries, nil
	}}
}

// faultOf says what a contender did not do: pass each URL that answers, and ask
// each once. What is fast because it fails is not fast.
func faultOf(c contender, j job, laps []lap) string {
	for _, s := range laps {
		most := s.urls
		if c.timed {
			most += j.c // those under way when time was up
		}
		if j.stalled > 0 {
			most = 2 * s.urls // one that hangs may be asked again
		}
		want := s.urls - s.urls*j.stalled/j.urls
		if s.passed != want {
			return fmt.Sprintf("%d of %d passed", s.passed, want)
		}
		if s.served < s.urls || s.served > most {
			return fmt.Sprintf("%d requests for %d URLs", s.served, s.urls)
		}
	}
	return ""
}

// contestCell has wrk ask services that set starts; each request is worth so many
// URLs.
func contestCell(worth, connections int, set func(ctx context.Context, l *lab, r *rack) (contest, error)) *cell {
	return &cell{run: func(ctx context.Context, l *lab) ([]entry, error) {
		r := &rack{lab: l}
		defer r.stop()
		c, err := set(ctx, l, r)
		if err != nil {
			return nil, err
		}
		c.connections, c.long = connections, shotLong
		shots, err := c.fire(ctx, l)
		if err != nil {
			return nil, err
		}
		entries := make([]entry, len(shots))
		for i, s := range c.services {
			of := func(value func(shot) float64) float64 { return medianOf(shots[i], value) }
			entries[i] = entry{
				name:   s.name,
				rate:   float64(worth) * of(func(s shot) float64 { return s.value(requests) }),
				cpu:    1e6 / float64(worth) / of(func(s shot) float64 { return s.value(perCPU) }),
				peak:   of(func(s shot) float64 { return float64(s.peak) }),
				p99:    of(func(s shot) float64 { return s.value(p99) }),
				speed:  medianRatio(shots[0], shots[i], func(s shot) float64 { return s.value(requests) }),
				thrift: 1 / medianRatio(shots[0], shots[i], func(s shot) float64 { return s.value(perCPU) }),
			}
			if v := unfailing(shots[i : i+1]); !v.ok {
				entries[i].fault = v.measured
			}
		}
		return entries, nil
	}}
}

func medianOf[T any](turns []T, value func(T) float64) float64 {
	var values []float64
	for _, t := range turns {
		values = append(values, value(t))
	}
	return median(values)
}

func medianRatio[T any](ours, theirs []T, value func(T) float64) float64 {
	values := make([]float64, len(ours))
	for i := range values {
		values[i] = value(ours[i]) / value(theirs[i])
	}
	return median(values)
}

// programs are all that are in some point of s, in the order they come.
func (s sweep) programs() []string {
	var all []string
	for _, p := range s.points {
		for _, e := range p.entries {
			if !slices.Contains(all, e.name) {
				all = append(all, e.name)
			}
		}
	}
	return all
}

// of is how a program did at p.
func (p point) of(program string) (entry, bool) {
	i := slices.IndexFunc(p.entries, func(e entry) bool { return e.name == program })
	if i < 0 {
		return entry{}, false
	}
	return p.entries[i], true
}
