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
// lost where the process is killed: twice logbookBytes at most. Its methods are safe
// for concurrent use.
type logbook struct {
	out io.Writer

	writing sync.Mutex // held while out is written to, so that lines keep their order
	spare   []byte     // what waiting will be while it is written

	mu      sync.Mutex // never held while out is written to: requests wait for it
	waiting []byte
	owned   bool // somebody writes what waits: [logbook.run]

	first chan struct{} // a line waits
}

func newLogbook(out io.Writer) *logbook {
	return &logbook{out: out, first: make(chan struct{}, 1)}
}

// Write implements [io.Writer].
func (l *logbook) Write(line []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
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
	for len(line) <= logbookBytes {
		switch kept, owned := l.keep(line); {
		case kept:
			return len(line), nil
		case !owned:
			return l.Write(line)
		}
		l.makeRoom(len(line))
	}
	return l.Write(line)
}

// keep lets line wait, where somebody writes what waits and there is room for it.
func (l *logbook) keep(line []byte) (kept, owned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.owned || !l.room(len(line)) {
		return false, l.owned
	}
	if len(l.waiting) == 0 {
		select {
		case l.first <- struct{}{}:
		default: // it is known already
		}
	}
	l.waiting = append(l.waiting, line...)
	return true, true
}

// room is called with mu held.
func (l *logbook) room(size int) bool { return len(l.waiting)+size <= logbookBytes }

// makeRoom writes what waits, unless another has done so since room was wanted. With
// logbookBytes nothing waits any more.
func (l *logbook) makeRoom(size int) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	room := l.room(size)
	l.mu.Unlock()
	if !room {
		l.flush()
	}
}

// flush is called with writing held.
func (l *logbook) flush() {
	l.mu.Lock()
	full := l.waiting
	l.waiting = l.spare[:0]
	l.mu.Unlock()
	if len(full) > 0 {
		_, _ = l.out.Write(full)
	}
	l.spare = full
}

// run writes what waits until ctx ends, and then all of it. Before and after, no
// line waits.
func (l *logbook) run(ctx context.Context) {
	own := func(owned bool) {
		l.mu.Lock()
		l.owned = owned
		l.mu.Unlock()
		l.makeRoom(logbookBytes)
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
		l.makeRoom(logbookBytes)
	}
}
