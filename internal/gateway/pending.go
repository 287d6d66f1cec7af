package gateway

import "sync/atomic"

// pending counts the URLs that are admitted and unanswered, of all callers.
type pending struct {
	limit int64
	urls  atomic.Int64
}

// enter admits n URLs, all of them or none.
func (p *pending) enter(n int) bool {
	for {
		now := p.urls.Load()
		if now+int64(n) > p.limit {
			return false
		}
		if p.urls.CompareAndSwap(now, now+int64(n)) {
			return true
		}
	}
}

// leave gives the room of n URLs back.
func (p *pending) leave(n int) { p.urls.Add(int64(-n)) }
