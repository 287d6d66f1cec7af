package pool

// caller is on whose behalf Runs ask, [check.WithCaller]. A slot goes to the next
// caller in turn and there to the next Run, so that who has many Runs gets no more
// than who has one. Guarded by Pool.mu.
type caller struct {
	name   string // "" for a Run that takes turns by itself
	runs   int    // that live
	turns  queue[*run]
	listed bool // in Pool.turns
}

func (p *Pool) callerOf(name string) *caller {
	if name == "" {
		return &caller{}
	}
	c := p.callers[name]
	if c == nil {
		c = &caller{name: name}
		p.callers[name] = c
	}
	return c
}

func (p *Pool) listCaller(c *caller) {
	if !c.listed && c.turns.len() > 0 {
		c.listed = true
		p.turns.push(c)
	}
}

// nextRun takes the Run whose turn it is. A listed caller has one.
func (p *Pool) nextRun() *run {
	c := p.turns.pop()
	c.listed = false
	r := c.turns.pop()
	r.listed = false
	p.listCaller(c)
	return r
}

// unlist takes r out of the turns, and its caller where that has no other there.
func (p *Pool) unlist(r *run) {
	remove(&r.caller.turns, r)
	if r.caller.listed && r.caller.turns.len() == 0 {
		r.caller.listed = false
		remove(&p.turns, r.caller)
	}
}

// remove takes item out of q, wherever it stands.
func remove[T comparable](q *queue[T], item T) {
	for range q.len() {
		if other := q.pop(); other != item {
			q.push(other)
		}
	}
}
