package gateway

import "sync/atomic"

// pending counts what is admitted and unanswered, of all callers: URLs, and the
// requests that brought them. URLs are work to come; a request holds a connection
// and the buffers around it, however few its URLs are.
type pending struct {
	mostURLs, mostRequests int64

	urls, requests atomic.Int64
}

// enter admits a request of n URLs, whole or not at all.
func (p *pending) enter(n int) bool {
	if p.requests.Add(1) > p.mostRequests {
		p.requests.Add(-1)
		return false
	}
	for {
		now := p.urls.Load()
		if now+int64(n) > p.mostURLs {
			p.requests.Add(-1)
			return false
		}
		if p.urls.CompareAndSwap(now, now+int64(n)) {
			return true
		}
	}
}

// room is how many URLs one more request may have, 0 where there is room for none.
func (p *pending) room() int64 {
	if p.requests.Load() >= p.mostRequests {
		return 0
	}
	return p.mostURLs - p.urls.Load()
}

// leave gives the room of n URLs back.
func (p *pending) leave(n int) { p.urls.Add(int64(-n)) }

// end gives back that of a request, and of its last n URLs.
func (p *pending) end(n int) {
	p.leave(n)
	p.requests.Add(-1)
}
