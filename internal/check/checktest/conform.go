package checktest

import (
	"runtime"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// DefaultReadAhead is the read-ahead a Suite allows unless told: the command's
// 4 × 256 + 4096 and some groups of a cache in front of it.
const DefaultReadAhead = 5120 + 4096

// Suite is a Runner under test and what is stated of it.
type Suite struct {
	// Make builds the Runner over c, which must be able to check two targets at
	// once. It is called once for each test; what it opens it closes in
	// t.Cleanup of the test around the suite.
	Make func(c check.Checker) check.Runner

	ReadAhead int  // targets it may read ahead of the reader; 0 is DefaultReadAhead
	Ordered   bool // it answers in the order of its source, not of completion
}

// Conform tests the five laws of a Runner, [check.Runner], on what mk builds.
// It is meant for -race, works in real time and over real sockets (so without
// synctest), counts goroutines (so no other test may run beside it), and takes
// about three seconds.
func Conform(t *testing.T, mk func(c check.Checker) check.Runner) {
	t.Helper()
	Suite{Make: mk}.Run(t)
}

// Run is [Conform] for a Runner of which more is stated.
func (s Suite) Run(t *testing.T) {
	if s.ReadAhead == 0 {
		s.ReadAhead = DefaultReadAhead
	}
	for _, law := range []struct {
		name string
		test func(Suite, *testing.T)
	}{
		{"each target is answered once", Suite.once},
		{"equal targets are answered each", Suite.duplicates},
		{"an invalid target is answered", Suite.invalid},
		{"a panic is its own target's result", Suite.panics},
		{"a host that throttles costs no result", Suite.throttled},
		{"runs at the same time do not mix", Suite.concurrent},
		{"results come in the stated order", Suite.order},
		{"a stalled reader stalls the source", Suite.stalled},
		{"a slow source is not held back", Suite.slow},
		{"no targets, no results", Suite.empty},
		{"a break ends it", Suite.breaks},
		{"a panic of the reader ends it", Suite.readerPanics},
		{"ctx ends it", Suite.canceled},
		{"a ctx that has ended begins nothing", Suite.ended},
	} {
		t.Run(law.name, func(t *testing.T) { promptly(t, time.Minute, func() { law.test(s, t) }) })
	}
}

// promptly fails a test that hangs, and shows where.
func promptly(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		stacks := make([]byte, 32<<10)
		t.Fatalf("still running after %v:\n%s", limit, stacks[:runtime.Stack(stacks, true)])
	}
}
