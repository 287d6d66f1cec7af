package rpc

import (
	"context"
	"sync"
	"time"
)

// presence knows whether a worker is connected that serves.
type presence struct {
	mu   sync.Mutex
	here chan struct{} // closed while one is
	lost time.Time     // since when none is
}

func newPresence() *presence { return &presence{here: make(chan struct{}), lost: time.Now()} }

func (p *presence) set(here bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case here && !p.is():
		close(p.here)
	case !here && p.is():
		p.here, p.lost = make(chan struct{}), time.Now()
	}
}

func (p *presence) now() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.is()
}

func (p *presence) is() bool {
	select {
	case <-p.here:
		return true
	default:
		return false
	}
}

// await waits until a worker is there. It reports false when none has been for
// patience, at once where that is so already, or when ctx ends.
func (p *presence) await(ctx context.Context, patience time.Duration) bool {
	p.mu.Lock()
	here, left := p.here, time.Until(p.lost.Add(patience))
	known := p.is()
	p.mu.Unlock()
	if known || left <= 0 {
		return known
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-here:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
