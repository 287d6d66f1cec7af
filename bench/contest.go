package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	requests measure = "requests/s"
	p99      measure = "p99"
	perCPU   measure = "requests per CPU second"
)

// A service is what answers at a URL, and the processes that do it.
type service struct {
	name    string
	url     string
	daemons []*daemon // whose CPU is counted; Redis and targets are shared, and are not
	// proof asks once, and fails where the answer is not what it should be.
	proof func(ctx context.Context) error
}

func (s service) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, d := range s.daemons {
		used, err := d.cpu()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// peak is the most its processes have had in memory, each at its worst.
func (s service) peak() int64 {
	var sum int64
	for _, d := range s.daemons {
		sum += readPeak(d.cmd.Process.Pid)
	}
	return sum
}

// A contest has wrk ask hc and its peers the same, in turn, round after round.
type contest struct {
	script      string
	connections int
	long        time.Duration // of a shot
	services    []service     // the first one is hc
}

// fire proves that each answers as it should, measures, and proves it again. It
// gives the shots at each service, a round after the other.
func (c contest) fire(ctx context.Context, l *lab) ([][]shot, error) {
	if err := c.proveAll(ctx); err != nil {
		return nil, err
	}
	for _, s := range c.services { // warms it up
		if _, err := l.shoot(ctx, s, c.script, c.connections, time.Second); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	shots := make([][]shot, len(c.services))
	for round := range l.rounds {
		for i := range c.services {
			i = (i + round) % len(c.services) // nobody always goes first
			s, err := l.shoot(ctx, c.services[i], c.script, c.connections, c.long)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.services[i].name, err)
			}
			shots[i] = append(shots[i], s)
		}
	}
	return shots, c.proveAll(ctx)
}

// run holds what the shots gave against the bars.
func (c contest) run(ctx context.Context, l *lab, bars ...bar) (findings, error) {
	c.connections, c.long = connections, 4*time.Second
	if l.short {
		c.long = time.Second
	}
	shots, err := c.fire(ctx, l)
	if err != nil {
		return findings{}, err
	}
	f := findings{verdicts: []verdict{unfailing(shots)}}
	for _, b := range bars {
		against := slices.IndexFunc(c.services, func(s service) bool { return s.name == b.against })
		f.verdicts = append(f.verdicts, b.judge(ratios(shots[0], shots[against], b.what), l.slack))
	}
	for i, s := range c.services {
		f.loads = append(f.loads, loadOf(s.name, shots[i], shots[0]))
	}
	return f, nil
}

func (c contest) proveAll(ctx context.Context) error {
	for _, s := range c.services {
		if err := s.proof(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// ratios are ours to theirs, round by round.
func ratios(ours, theirs []shot, what measure) []float64 {
	values := make([]float64, len(ours))
	for i := range values {
		values[i] = ours[i].value(what) / theirs[i].value(what)
	}
	return values
}

// unfailing is the verdict on whether every request of every round was answered
// with 2xx: what fails is fast.
func unfailing(shots [][]shot) verdict {
	v := verdict{bar: "every request is answered 200"}
	answered, failed := 0, 0
	for _, of := range shots {
		for _, s := range of {
			answered += s.requests
			failed += s.failed
		}
	}
	v.measured, v.ok = fmt.Sprintf("%d answered, %d failed", answered, failed), failed == 0 && answered > 0
	return v
}

// load is how a service bore it: medians of its shots.
type load struct {
	name     string
	rate     float64
	ratio    float64 // of hc's rate to it
	p50, p99 time.Duration
	cpu      time.Duration // per request
}

func loadOf(name string, shots, ours []shot) load {
	of := func(value func(shot) float64) float64 {
		var values []float64
		for _, s := range shots {
			values = append(values, value(s))
		}
		return median(values)
	}
	return load{
		name:  name,
		rate:  of(func(s shot) float64 { return s.value(requests) }),
		ratio: median(ratios(ours, shots, requests)),
		p50:   time.Duration(of(func(s shot) float64 { return float64(s.p50) })),
		p99:   time.Duration(of(func(s shot) float64 { return float64(s.p99) })),
		cpu:   time.Duration(of(func(s shot) float64 { return float64(s.cpu) / float64(max(s.requests, 1)) })),
	}
}
