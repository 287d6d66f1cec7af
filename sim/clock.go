package main

import "time"

// A clock has things happen in the order of their time, and those of one time
// in the order they were asked for: the same run gives the same result.
type clock struct {
	now    time.Duration
	asked  uint64
	events []event // a heap: none is before the one at half its index
}

type event struct {
	at time.Duration
	n  uint64
	do func()
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.n < o.n }

// at has do happen at a time that is not past.
func (c *clock) at(when time.Duration, do func()) {
	c.asked++
	e := event{when, c.asked, do}
	c.events = append(c.events, e)
	i := len(c.events) - 1
	for i > 0 && e.before(c.events[(i-1)/2]) {
		c.events[i] = c.events[(i-1)/2]
		i = (i - 1) / 2
	}
	c.events[i] = e
}

func (c *clock) after(d time.Duration, do func()) { c.at(c.now+d, do) }

// run has everything happen that is due by end.
func (c *clock) run(end time.Duration) {
	for len(c.events) > 0 && c.events[0].at <= end {
		e := c.pop()
		c.now = e.at
		e.do()
	}
}

func (c *clock) pop() event {
	first, last := c.events[0], c.events[len(c.events)-1]
	c.events[len(c.events)-1] = event{}
	c.events = c.events[:len(c.events)-1]
	if len(c.events) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(c.events) {
			break
		}
		if right := child + 1; right < len(c.events) && c.events[right].before(c.events[child]) {
			child = right
		}
		if !c.events[child].before(last) {
			break
		}
		c.events[i] = c.events[child]
		i = child
	}
	c.events[i] = last
	return first
}

// A station serves what comes, first come first served, one at a time on each
// of its servers: the cores of a machine, or the one thread of Redis.
type station struct {
	clock *clock
	free  []time.Duration // when each server is
	busy  time.Duration   // of all servers together, as far as it is known
}

func newStation(c *clock, servers int) *station {
	return &station{clock: c, free: make([]time.Duration, servers)}
}

// use takes a server for d, and has then happen lag after that.
func (s *station) use(d, lag time.Duration, then func()) {
	first := 0
	for i, at := range s.free {
		if at < s.free[first] {
			first = i
		}
	}
	s.free[first] = max(s.free[first], s.clock.now) + d
	s.busy += d
	if then != nil {
		s.clock.at(s.free[first]+lag, then)
	}
}
