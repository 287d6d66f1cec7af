package pool

import (
	"container/heap"
	"time"
)

// alarms are the hosts that something is due for at a known time: the end of a
// pause, the next turn at its rate, to be forgotten. Soonest first.
type alarms []*host

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].alarm, a[j].alarm = i, j
}

func (a *alarms) Push(h any) {
	h.(*host).alarm = len(*a)
	*a = append(*a, h.(*host))
}

func (a *alarms) Pop() any {
	last := len(*a) - 1
	h := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	h.due = time.Time{}
	return h
}

// wakeAt sees to it that h is looked at again at due or before.
func (p *Pool) wakeAt(h *host, due time.Time) {
	switch {
	case h.due.IsZero():
		h.due = due
		heap.Push(&p.alarms, h)
	case due.Before(h.due):
		h.due = due
		heap.Fix(&p.alarms, h.alarm)
	}
	p.setTimer()
}

// noAlarm takes h's alarm back.
func (p *Pool) noAlarm(h *host) {
	if !h.due.IsZero() {
		heap.Remove(&p.alarms, h.alarm)
	}
}

// setTimer sets the pool's one timer to the first alarm. It is not set while no
// Run lives.
func (p *Pool) setTimer() {
	if len(p.alarms) == 0 || len(p.runs) == 0 || p.alarms[0].due.Equal(p.timerDue) {
		return
	}
	p.timerDue = p.alarms[0].due
	in := time.Until(p.timerDue)
	switch {
	case p.timer == nil:
		p.timer = time.AfterFunc(in, p.ring)
		p.goroutines++
	case !p.timer.Reset(in):
		p.goroutines++
	}
}

// stopTimer is for the last Run that leaves.
func (p *Pool) stopTimer() {
	if p.timer != nil && p.timer.Stop() {
		p.goroutines--
	}
	p.timerDue = time.Time{}
}

// ring is what the timer runs.
func (p *Pool) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.overdue(time.Now())
	p.goroutineEnds()
}

// overdue looks at the hosts whose alarm is due, and sets the timer anew.
func (p *Pool) overdue(now time.Time) {
	p.timerDue = time.Time{}
	for len(p.alarms) > 0 && !now.Before(p.alarms[0].due) {
		p.freed(heap.Pop(&p.alarms).(*host), now)
	}
	p.fill(now)
	p.setTimer()
}
