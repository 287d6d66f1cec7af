package rpc

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// seldom logs a kind of trouble once a minute, with how often it was meanwhile.
type seldom struct {
	log   *slog.Logger // nil is silent
	next  atomic.Int64 // Unix nanoseconds
	since atomic.Int64
}

func (s *seldom) warn(what string, args ...any) {
	if s.log == nil {
		return
	}
	times := s.since.Add(1)
	now, next := time.Now(), s.next.Load()
	if now.UnixNano() < next || !s.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		return
	}
	s.since.Add(-times)
	s.log.Warn(what, append(args, "times", times)...)
}
