package check

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// maxIdleTime is below the keep-alive timeout of common servers (nginx 75 s,
	// Apache 5 s: then the peer's close is seen when the connection is taken).
	maxIdleTime = 30 * time.Second
	// secureWeight is what a TLS connection counts against the budget: its
	// buffers hold some 16 KiB, a plain connection about 2.
	secureWeight = 8
)

// FirstIdle connections are kept before any host has come back: about 2 MiB. It is
// what a run of hosts seen once has open beside its checks (bench hosts-10k).
const FirstIdle = 1024

// shelf keeps idle connections for the next target of their origin, newest
// first, within a budget over all origins: the longest idle make room. It has
// no goroutine; a timer ends what nobody came back for.
//
// The budget begins small, since most lists name a host once and an idle
// connection to it is memory for nothing. Each origin that comes back after its
// connection had to make room raises it by one, so that a list which returns to
// ten thousand hosts ends up keeping ten thousand connections. Where a whole
// budget of them has made room and nobody has come back to any origin since, what is
// opened next is not kept either ([shelf.lonely]).
type shelf struct {
	most int // what the budget may grow to

	mu      sync.Mutex
	budget  int
	evicted ghosts
	passed  int              // origins whose connection made room since one came back, or room was made
	weight  int              // of what is shelved
	tops    map[string]*conn // newest of each origin
	newest  *conn
	oldest  *conn
	sweeper *time.Timer // runs while anything is shelved
	closed  bool
}

func newShelf(most int) *shelf {
	return &shelf{
		most:    most,
		budget:  min(most, FirstIdle),
		evicted: ghosts{seed: maphash.MakeSeed()},
		tops:    make(map[string]*conn),
	}
}

// ghosts remembers origins whose connection had to make room: a table of hashes
// in which a newer one takes an older one's place, 256 KiB whatever the list. Of ten
// thousand origins it forgets one in fourteen.
type ghosts struct {
	seed  maphash.Seed
	table []uint32
}

const ghostSlots = 1 << 16

func (g *ghosts) slot(origin string) (i uint64, hash uint32) {
	sum := maphash.String(g.seed, origin)
	return sum % ghostSlots, uint32(sum >> 32)
}

func (g *ghosts) add(origin string) {
	if g.table == nil {
		g.table = make([]uint32, ghostSlots)
	}
	i, hash := g.slot(origin)
	g.table[i] = hash
}

// take reports whether origin was added, and forgets it.
func (g *ghosts) take(origin string) bool {
	if g.table == nil {
		return false
	}
	i, hash := g.slot(origin)
	was := g.table[i] == hash
	if was {
		g.table[i] = 0
	}
	return was
}

func (c *conn) weight() int {
	if c.tls != nil {
		return secureWeight
	}
	return 1
}

// take gives an idle connection to origin that still seems alive, or nil. An
// HTTP/2 connection stays shelved: it is shared while its peer allows.
func (s *shelf) take(origin string) *conn {
	for {
		s.mu.Lock()
		c := s.tops[origin]
		if c == nil {
			if s.evicted.take(origin) {
				s.budget = min(s.budget+1, s.most)
				s.passed = 0
			}
			s.mu.Unlock()
			return nil
		}
		s.passed = 0
		s.unlink(c)
		if c.h2 != nil && c.h2.Reserve() == nil {
			c.since = time.Now()
			s.link(c)
			s.mu.Unlock()
			return c
		}
		s.mu.Unlock()
		if c.h2 == nil && time.Since(c.since) < maxIdleTime && alive(c) {
			return c
		}
		closeAll(c)
	}
}

// put shelves c, or closes it where there is no room or the shelf is closed.
func (s *shelf) put(c *conn) {
	s.mu.Lock()
	if s.closed || s.budget < c.weight() {
		s.mu.Unlock()
		s.drop(c)
		return
	}
	if c.h2 != nil && c.shelved(s) {
		s.mu.Unlock()
		return
	}
	c.since = time.Now()
	s.link(c)
	var evicted *conn
	for s.weight > s.budget {
		last := s.oldest
		s.unlink(last)
		s.evicted.add(last.origin)
		s.passed++
		last.below, evicted = evicted, last
	}
	if s.sweeper == nil {
		s.sweeper = time.AfterFunc(maxIdleTime, s.sweep)
	}
	s.mu.Unlock()
	closeAll(evicted)
}

// lonely reports whether a new connection to origin would only take another's
// place, as nobody has come back for long. Then the server may as well be told that
// this request is the last: who closes first has the rest of the work, and a tenth
// more hosts seen once are checked in a second (make bench, distinct-100k). Whoever
// comes back to origin ends that, as if its connection had made room.
func (s *shelf) lonely(origin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passed < s.budget || s.budget < 0 {
		return false
	}
	s.evicted.add(origin)
	return true
}

// shelved reports whether c is linked; s.mu is held.
func (c *conn) shelved(s *shelf) bool { return c.newer != nil || s.newest == c }

// drop closes c, unless other checks share it and it still works.
func (s *shelf) drop(c *conn) {
	if c.h2 != nil {
		if c.h2.Err() == nil && c.h2.InFlight() > 0 {
			return
		}
		s.mu.Lock()
		if c.shelved(s) {
			s.unlink(c)
		}
		s.mu.Unlock()
	}
	_ = c.Close()
}

// shrink closes the older half, for the descriptors, and reports whether there
// was anything to close.
func (s *shelf) shrink() bool {
	s.mu.Lock()
	s.passed = 0
	var evicted *conn
	for keep := s.weight / 2; s.oldest != nil && s.weight > keep; {
		last := s.oldest
		s.unlink(last)
		last.below, evicted = evicted, last
	}
	s.mu.Unlock()
	return closeAll(evicted)
}

// sweep closes what has been idle too long and comes back for the rest.
func (s *shelf) sweep() {
	s.mu.Lock()
	s.passed = 0
	var evicted *conn
	for s.oldest != nil && time.Since(s.oldest.since) >= maxIdleTime {
		last := s.oldest
		s.unlink(last)
		last.below, evicted = evicted, last
	}
	if s.oldest != nil && !s.closed {
		s.sweeper.Reset(max(maxIdleTime-time.Since(s.oldest.since), time.Second))
	} else {
		s.sweeper = nil
	}
	s.mu.Unlock()
	closeAll(evicted)
}

// close ends every idle connection and keeps none from now on.
func (s *shelf) close() {
	s.mu.Lock()
	s.closed = true
	if s.sweeper != nil {
		s.sweeper.Stop()
	}
	var evicted *conn
	for s.oldest != nil {
		last := s.oldest
		s.unlink(last)
		last.below, evicted = evicted, last
	}
	s.mu.Unlock()
	closeAll(evicted)
}

// closeAll closes a list linked by below, outside the lock. What HTTP/2 checks
// still use is left to the last of them, which puts it back or drops it.
func closeAll(c *conn) (any bool) {
	for c != nil {
		next := c.below
		c.below = nil
		if c.h2 == nil || c.h2.InFlight() == 0 {
			_ = c.Close()
		}
		c, any = next, true
	}
	return any
}

// link puts c on top; s.mu is held.
func (s *shelf) link(c *conn) {
	s.weight += c.weight()
	if c.below = s.tops[c.origin]; c.below != nil {
		c.below.above = c
	}
	s.tops[c.origin] = c
	if c.older = s.newest; c.older != nil {
		c.older.newer = c
	} else {
		s.oldest = c
	}
	s.newest = c
}

// unlink takes c out, wherever it is; s.mu is held.
func (s *shelf) unlink(c *conn) {
	s.weight -= c.weight()
	switch {
	case c.above != nil:
		c.above.below = c.below
	case c.below != nil:
		s.tops[c.origin] = c.below
	default:
		delete(s.tops, c.origin)
	}
	if c.below != nil {
		c.below.above = c.above
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		s.newest = c.older
	}
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		s.oldest = c.newer
	}
	c.newer, c.older, c.above, c.below = nil, nil, nil, nil
}
