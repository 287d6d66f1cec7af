package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// mostGarbage is Go's own GOGC. A run over 100 000 hosts seen once then peaks
	// at 55 MiB, 20 of them the program itself; 150 makes that 65 and saves 1 % of
	// the CPU, 250 makes it 80. 64 MiB are the promise.
	mostGarbage = 100
	// mostServiceGarbage is for services, which allocate for every request and keep
	// little: a third of the collections for some 10 MiB (docs/performance.md).
	mostServiceGarbage = 300
	// freeGarbage may always lie about. Above it, garbage is half of what lives at
	// most: ten million URLs to tell duplicates apart are a large heap, and as much
	// again in garbage would be no bound worth the name.
	freeGarbage = 20 << 20
)

// tuneGC lets garbage be most percent of what lives, and keeps it within bounds on
// a large heap too, until stop is called. What GOGC says in the environment wins.
func tuneGC(parent context.Context, most int) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(most)
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		percent := most
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if p := gcPercent(liveHeap(), most); p != percent {
				debug.SetGCPercent(p) // stops the world: not without need
				percent = p
			}
		}
	}()
	return func() {
		cancel()
		<-done
		debug.SetGCPercent(before)
	}
}

// gcPercent is the GOGC that keeps garbage within most percent of live and within
// max(freeGarbage, live/2).
func gcPercent(live uint64, most int) int {
	if live == 0 {
		return most
	}
	return int(min(uint64(most), max(freeGarbage, live/2)*100/live))
}

// liveHeap is what GOGC is a percentage of, in bytes: what the last collection
// could not free, and the stacks.
func liveHeap() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(samples)
	live := uint64(0)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			live += s.Value.Uint64()
		}
	}
	return live
}
