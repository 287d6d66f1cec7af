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

// nextRun takes the Run whose turn it is; nil where its caller has none any more.
func (p *Pool) nextRun() *run {
	c := p.turns.pop()
	c.listed = false
	if c.turns.len() == 0 {
		return nil
	}
	r := c.turns.pop()
	r.listed = false
	p.listCaller(c)
	return r
}

// unlist takes r out of the turns.
func (c *caller) unlist(r *run) {
	for range c.turns.len() {
		if other := c.turns.pop(); other != r {
			c.turns.push(other)
		}
	}
}
