package gateway

import (
	"net/url"

	"github.com/hc-health/hc/internal/check"
)

// recall answers t where that needs no Runner: it is no target, the memory has
// it, or the guard refuses it. What is in the memory has passed the guard before.
func (g *Gateway) recall(t check.Target) (check.Result, bool) {
	if t.Invalid != "" {
		return check.Failed(t, check.InvalidURL, t.Invalid), true
	}
	if g.cfg.Hot != nil && !t.Fresh {
		if res, ok := g.cfg.Hot(t); ok {
			return res, true
		}
	}
	return g.refuse(t)
}

func (g *Gateway) refuse(t check.Target) (check.Result, bool) {
	if g.cfg.Guard == nil {
		return check.Result{}, false
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return check.Failed(t, check.InvalidURL, "not a URL"), true
	}
	if reason, err := g.cfg.Guard.CheckURL(u); err != nil {
		return check.Failed(t, reason, err.Error()), true
	}
	return check.Result{}, false
}
