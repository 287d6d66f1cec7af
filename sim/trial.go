package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// tolerance is how far a simulated figure may be from the measured one.
const tolerance = 0.10

// A trial is a run that was measured, and the same in simulation.
type trial struct {
	name     string
	unit     string
	measured float64
	simulate func(c costs) float64
}

// off is how far the simulation is from what was measured.
func (t trial) off(c costs) float64 { return t.simulate(c)/t.measured - 1 }

// trials have their measured figures from `make costs`, group trial.
func trials() []trial {
	m := measured()
	check := func(n, places int) func(costs) float64 {
		return func(c costs) float64 {
			when, _ := list(each(n, 0, c.Target), places, 2, c.ListCheck)
			return perSecond(when)
		}
	}
	return []trial{
		{"`hc check`, 64 places", "URLs/s", m.check64, check(6_400, 64)},
		{"`hc check`, 256 places", "URLs/s", m.check256, check(20_000, 256)},
		{"`hc check`, 1000 places", "URLs/s", m.check1000, check(40_000, 1000)},
		{"`hc check`, one host, 10 at once", "URLs/s", m.oneHost, func(c costs) float64 {
			when, _ := list(each(1000, 1, c.Target), 256, 2, c.ListCheck)
			return perSecond(when)
		}},
		{"99 hosts beside one that throttles", "s", m.throttled, throttled},
		{"gateway and a worker, 64 places", "URLs/s", m.oneWorker, func(c costs) float64 { return small(c, 1).rate() }},
		{"gateway and two workers, 64 places each", "URLs/s", m.twoWorkers, func(c costs) float64 { return small(c, 2).rate() }},
		{"3 000 URLs over two workers, one killed", "s", m.killed, func(c costs) float64 { return small(c, 2).killed() }},
	}
}

// throttled gives the seconds until the last answer of those that do not
// throttle.
func throttled(c costs) float64 {
	bad := each(10_000, 1, 0)
	bad[0].host.throttles = true
	when, how := list(append(bad, each(99*200, 99, c.Target)...), 256, 2, c.ListCheck)
	last := time.Duration(0)
	for i, at := range when {
		if how[i] == checked {
			last = max(last, at)
		}
	}
	return last.Seconds()
}

// A smallWorld is the service on this one machine, without a Redis: batches of a
// thousand URLs under way, three at a time.
type smallWorld struct{ *world }

func small(c costs, workers int) smallWorld {
	c.Check = c.ListCheck // the target's share of this machine included
	s := system{
		Gateways: 1, Workers: workers, Places: 64, Cores: 2, OneMachine: true,
		Hop: 50 * time.Microsecond, Notice: time.Millisecond, Costs: c,
	}
	l := load{Batch: 1000, Latency: latency{Median: c.Target}, Begin: time.Second, End: 6 * time.Second}
	w := newWorld(s, l, 1)
	loseRedis(w)
	for _, worker := range w.workers {
		worker.hopes = false // it knows of none
	}
	return smallWorld{w}
}

const underWay = 3

// rate posts a batch whenever one is done.
func (w smallWorld) rate() float64 {
	var again func()
	again = func() { w.post(w.load.Batch, again) }
	for range underWay {
		again()
	}
	return w.run().Rate
}

// killed gives the seconds until three batches are answered, where a worker dies
// half a second after they came.
func (w smallWorld) killed() float64 {
	last := time.Duration(0)
	for range underWay {
		w.post(w.load.Batch, func() { last = w.clock.now })
	}
	w.run(incident{500 * time.Millisecond, kill(1)})
	return last.Seconds()
}

// trialTable shows both figures of each trial.
func trialTable(c costs) string {
	t := table{head: []string{"run", "measured", "simulated", "off by"}}
	var all []float64
	for _, tr := range trials() {
		off := tr.off(c)
		all = append(all, math.Abs(off))
		t.add(tr.name, figure(tr.measured, tr.unit), figure(tr.simulate(c), tr.unit), fmt.Sprintf("%+.1f %%", 100*off))
	}
	return t.String() + fmt.Sprintf("\nThe largest is %.1f %%; the test allows %.0f %%.\n", 100*slices.Max(all), 100*tolerance)
}

func figure(f float64, unit string) string {
	if f >= 100 {
		return count(f) + " " + unit
	}
	return fmt.Sprintf("%.2f %s", f, unit)
}
