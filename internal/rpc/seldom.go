package rpc

import (
	"log/slog"
	"sync"
	"time"
)

// logEvery is how often a kind of trouble is worth a line.
const logEvery = time.Minute

// seldom counts a kind of trouble between the lines that tell of it.
type seldom struct {
	mu    sync.Mutex
	quiet time.Time // no line before
	times int       // since the last line
}

// due counts once more. It reports whether a line is due, and of how many times.
func (s *seldom) due() (times int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times++
	now := time.Now()
	if now.Before(s.quiet) {
		return 0, false
	}
	times, s.times, s.quiet = s.times, 0, now.Add(logEvery)
	return times, true
}

// orSilent is log, or one that says nothing.
func orSilent(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
