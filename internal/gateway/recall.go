package gateway

import "github.com/hc-health/hc/internal/check"

// recall sets b.res to the answer for a leader where that needs no Runner, and
// reports whether there is one: it is no target, the memory has it, or the guard
// refuses it. What is in the memory has passed the guard before.
func (g *Gateway) recall(b *batch, leader int32) bool {
	t := &b.targets[leader]
	if t.Invalid != "" {
		b.res = check.Failed(*t, check.InvalidURL, t.Invalid)
		return true
	}
	if g.cfg.Hot != nil && !t.Fresh && g.cfg.Hot(t, b.keys[leader], b.now, &b.res) {
		b.recalled++
		return true
	}
	return g.refuse(t, &b.res)
}

func (g *Gateway) refuse(t *check.Target, res *check.Result) bool {
	if g.cfg.Guard == nil {
		return false
	}
	if reason, err := g.cfg.Guard.CheckText(t.URL); err != nil {
		*res = check.Failed(*t, reason, err.Error())
		return true
	}
	return false
}
