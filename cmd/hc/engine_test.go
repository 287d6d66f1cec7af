package main

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

func TestSocketsStayWithinTheLimitOfDescriptors(t *testing.T) {
	for name, row := range map[string]struct {
		concurrency, maxIdle, limit int
		busy, idle                  int
		warned                      bool
	}{
		"plenty":            {0, 0, 20000, 256, 16384, false},
		"usual limit":       {0, 0, 1024, 256, 704, false},
		"scarce":            {0, 0, 256, 192, -1, false},
		"very scarce":       {0, 0, 64, 1, -1, false},
		"unknown":           {0, 0, 0, 256, 16384, false},
		"asked for":         {1000, 0, 20000, 1000, 16384, false},
		"too much":          {1000, 0, 512, 448, -1, true},
		"no idle":           {0, -1, 20000, 256, -1, false},
		"few idle":          {0, 10, 20000, 256, 10, false},
		"more idle than is": {0, 100000, 1024, 256, 704, false},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			s := &Settings{Concurrency: row.concurrency, MaxIdle: row.maxIdle}
			busy, idle := s.sockets(&console{stderr: stream{Writer: &stderr}}, row.limit, spareFiles)
			if busy != row.busy || idle != row.idle {
				t.Errorf("%d busy and %d idle, want %d and %d", busy, idle, row.busy, row.idle)
			}
			if warned := strings.Contains(stderr.String(), "ulimit -n"); warned != row.warned {
				t.Errorf("stderr %q", stderr.String())
			}
		})
	}
}

// TestProbesFitBesideTheEngine: what /probe has open at most is neither the
// engine's nor its callers'.
func TestProbesFitBesideTheEngine(t *testing.T) {
	for limit, want := range map[int]int{0: 256, 1 << 20: 256, 2048: 256, 1024: 128, 256: 32, 4: 1} {
		if got := probesAtOnce(limit); got != want {
			t.Errorf("of %d files %d probes, want %d", limit, got, want)
		}
	}
	for _, limit := range []int{256, 1024, 4096, 1 << 20} {
		probes := probesAtOnce(limit)
		busy, idle := (&Settings{}).sockets(&console{}, limit, max(spareFiles, limit/2)+probes)
		if open := busy + max(idle, 0) + probes; open > limit/2 {
			t.Errorf("of %d files the engine and probes have %d", limit, open)
		}
	}
}

// TestReadAheadIsThatOfTheDesign adds up what pool, cache and output may hold.
func TestReadAheadIsThatOfTheDesign(t *testing.T) {
	for _, concurrency := range []int{1, 256, 1000} {
		for _, cached := range []string{"off", "memory"} {
			s := &Settings{Cache: cached}
			held := s.pool(concurrency).Window + 2*groupSize
			if cached != "off" {
				held += cache.Config{}.ReadAhead()
			}
			if most := 4*concurrency + 4096; held > most || held < most/2 {
				t.Errorf("-c %d --cache %s reads ahead by %d, want at most %d", concurrency, cached, held, most)
			}
		}
	}
}

func TestGarbageIsBounded(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 100, 1 << 20: 100, 8 << 20: 100, 20 << 20: 100, 40 << 20: 50, 1 << 30: 50, 100 << 30: 50,
	} {
		if got := commandGarbage().of(live); got != want {
			t.Errorf("%d MiB live: GOGC %d, want %d", live>>20, got, want)
		}
	}
	for live, want := range map[uint64]int{0: 400, 5 << 20: 400, 16 << 20: 200, 40 << 20: 80, 100 << 20: 50} {
		if got := serviceGarbage().of(live); got != want {
			t.Errorf("%d MiB live in a service: GOGC %d, want %d", live>>20, got, want)
		}
	}
}

// TestHighestExitCodeWins pins their order: 130/143 > 2 > 3 > 1 > 4 > 0.
func TestHighestExitCodeWins(t *testing.T) {
	order := []int{exitOK, exitIncomplete, exitFailed, exitRuntime, exitUsage, exitInterrupt}
	fail := func(code int) error {
		if code == exitOK {
			return nil
		}
		return exit(code, "because")
	}
	for i, low := range order {
		for _, high := range order[i:] {
			if got := codeOf(worse(fail(low), fail(high))); got != high {
				t.Errorf("of %d and %d, %d wins", low, high, got)
			}
			if got := codeOf(worse(fail(high), fail(low))); got != high {
				t.Errorf("of %d and %d, %d wins", high, low, got)
			}
		}
	}
	for _, row := range exitCodes() {
		if row.code == exitTerminate {
			return
		}
	}
	t.Error("the table lacks 143")
}

func TestTheEndOfARun(t *testing.T) {
	failed := check.Summary{Total: 10, Pass: 7, Fail: 3}
	passed := check.Summary{Total: 10, Pass: 10}
	cut := check.Summary{Total: 10, Pass: 8, Skip: 2, Incomplete: 90, ByReason: map[check.Reason]int64{check.Canceled: 2}}
	full := errors.New("cannot write out.txt: no space left on device")
	for name, row := range map[string]struct {
		sum                  check.Summary
		cause, input, output error
		want                 string
	}{
		"all passed":               {sum: passed},
		"failures":                 {sum: failed, want: "exit 1: 3 failed\n"},
		"deadline":                 {sum: cut, cause: errDeadline, want: "exit 4: the deadline was reached after 8 of 100 targets\n"},
		"deadline at the very end": {sum: passed, cause: errDeadline},
		"deadline on a slow pipe":  {sum: passed, cause: errDeadline, input: errDeadline, want: "exit 4: the deadline was reached after 10 of 10 targets\n"},
		"signal":                   {sum: cut, cause: signaled{syscall.SIGINT}, want: "exit 130: interrupted after 8 of 100 targets\n"},
		"signal and failures":      {sum: failed, cause: signaled{syscall.SIGTERM}, want: "exit 143: stopped by SIGTERM after 10 of 10 targets\n"},
		"output":                   {sum: failed, cause: full, output: full, want: "exit 3: cannot write out.txt: no space left on device\n"},
		"closed pipe":              {sum: passed, cause: syscall.EPIPE, output: syscall.EPIPE},
		"closed pipe and failures": {sum: failed, cause: syscall.EPIPE, output: syscall.EPIPE, want: "exit 1: 3 failed\n"},
		"input lost before all":    {input: errors.New("list: input/output error"), want: "exit 2: list: input/output error\n"},
		"input lost on the way":    {sum: passed, input: errors.New("list: input/output error"), want: "exit 3: list: input/output error; after 10 of 10 targets\n"},
		"cache gone":               {sum: cut, cause: exit(exitRuntime, "no cache"), want: "exit 3: no cache\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			explain(&stderr, end(row.sum, row.cause, row.input, row.output))
			if got := stderr.String(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
