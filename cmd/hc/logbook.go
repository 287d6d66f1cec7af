package main

import (
	"context"
	"io"
	"sync"
	"time"
)

const (
	// logbookBytes is how much waits to be written: what a pipe holds, some 250
	// lines of requests.
	logbookBytes = 64 << 10
	// logbookDelay is how long a line waits: long enough that a busy gateway writes
	// a hundred lines at once, short enough for who looks on.
	logbookDelay = 200 * time.Millisecond
)

// A logbook is the log of a service. What is written to it comes out at once.
// The lines of [logbook.later] wait until there are many or the first has waited
// for logbookDelay, and come out in their order with all others. What waits is
// lost where the process is killed. Its methods are safe for concurrent use.
type logbook struct {
	out io.Writer

	mu      sync.Mutex
	waiting []byte
	owned   bool // somebody writes what waits: [logbook.run]

	first chan struct{} // a line waits
}

func newLogbook(out io.Writer) *logbook {
	return &logbook{out: out, first: make(chan struct{}, 1)}
}

// Write implements [io.Writer].
func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.out.Write(line)
}

// later gives the writer of lines that may wait.
func (l *logbook) later() io.Writer { return patient{l} }

type patient struct{ *logbook }

// Write implements [io.Writer]. That a line could not be written, earlier or
// now, is nobody's to know: the request has its answer.
func (p patient) Write(line []byte) (int, error) {
	l := p.logbook
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting)+len(line) > logbookBytes {
		l.flush()
	}
	if !l.owned || len(line) > logbookBytes {
		return l.out.Write(line)
	}
	if len(l.waiting) == 0 {
		select {
		case l.first <- struct{}{}:
		default: // it is known already
		}
	}
	l.waiting = append(l.waiting, line...)
	return len(line), nil
}

// flush is called with mu held.
func (l *logbook) flush() {
	if len(l.waiting) > 0 {
		_, _ = l.out.Write(l.waiting)
		l.waiting = l.waiting[:0]
	}
}

// run writes what waits until ctx ends, and then all of it. Before and after, no
// line waits.
func (l *logbook) run(ctx context.Context) {
	own := func(owned bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.owned = owned
		l.flush()
	}
	own(true)
	defer own(false)
	wait := time.NewTimer(logbookDelay)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.first:
		}
		wait.Reset(logbookDelay)
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		l.mu.Lock()
		l.flush()
		l.mu.Unlock()
	}
}
