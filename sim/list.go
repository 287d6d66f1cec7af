package main

import (
	"slices"
	"time"
)

// list is hc check over a list on a machine of its own: the pool, and a reader
// that is so many targets ahead. It gives when each target was answered, in the
// order of the list, and how.
func list(targets []*target, places, cores int, cost time.Duration) (when []time.Duration, how []outcome) {
	window := 4*places + 4096
	var c clock
	p := &pool{clock: &c, cpu: newStation(&c, cores), cost: cost, places: places, most: window / 2}
	when, how = make([]time.Duration, len(targets)), make([]outcome, len(targets))
	next, inside, reading := 0, 0, false
	var read func()
	read = func() {
		if reading {
			return // a target that is answered at once makes room at once
		}
		reading = true
		for inside < window && next < len(targets) {
			i := next
			next++
			inside++
			targets[i].done = func(o outcome) {
				when[i], how[i] = c.now, o
				inside--
				read()
			}
			p.add(targets[i])
		}
		reading = false
	}
	read()
	c.run(time.Hour)
	return when, how
}

// each is n targets that take so long, spread over hosts; 0 is a host for each.
func each(n, hosts int, wait time.Duration) []*target {
	among := make([]*host, hosts)
	for i := range among {
		among[i] = &host{}
	}
	targets := make([]*target, n)
	for i := range targets {
		targets[i] = &target{wait: wait}
		if hosts > 0 {
			targets[i].host = among[i%hosts]
		}
	}
	return targets
}

// perSecond is the rate of a list's answers.
func perSecond(when []time.Duration) float64 {
	return float64(len(when)) / slices.Max(when).Seconds()
}
