package gateway

import (
	"context"
	"io"
	"net/http"
	"time"
)

// healthz is live as long as it answers at all.
func (g *Gateway) healthz(rep *reply, _ *http.Request) *problem {
	return ok(rep)
}

// readyz is ready from when a first worker was there, whatever becomes of it:
// taking gateways out of service would not bring a worker back.
func (g *Gateway) readyz(rep *reply, _ *http.Request) *problem {
	switch {
	case g.draining.Load():
		return notReady("draining: about to stop")
	case !g.connected.Load() && !g.workerReady():
		return notReady("no worker is connected yet")
	default:
		return ok(rep)
	}
}

func ok(rep *reply) *problem {
	rep.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rep.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(rep, "ok\n")
	return nil
}

func (g *Gateway) workerReady() bool {
	ready := g.cfg.Ready()
	if ready && !g.connected.Load() {
		g.connected.Store(true)
	}
	return ready
}

// A batch that needs a worker waits this long for one, which leaves of the second
// in which it must be decided enough for the rest.
const (
	workerWait = 700 * time.Millisecond
	workerPoll = 20 * time.Millisecond
)

// answerable reports whether b can be answered: a worker can be reached, or none
// is needed.
func (g *Gateway) answerable(ctx context.Context, b *batch) bool {
	if g.workerReady() || g.allHot(b) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, workerWait)
	defer cancel()
	tick := time.NewTicker(workerPoll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if g.workerReady() {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// allHot reports whether b needs no Runner.
func (g *Gateway) allHot(b *batch) bool {
	b.now = time.Now()
	for _, i := range b.leaders {
		if !g.recall(b, i) {
			return false
		}
	}
	return true
}
