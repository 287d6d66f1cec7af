package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// mostGarbage is a GOGC of 400, which takes 9 % off the wall time of a run
	// over many hosts (reference/performance.md §2).
	mostGarbage = 400
	// freeGarbage may always lie about. Above it, garbage is half the live heap
	// at most: ten million URLs to tell duplicates apart are a large live heap,
	// and four times that in garbage would be no bound worth the name.
	freeGarbage = 64 << 20
)

// tuneGC spends memory on less garbage collection, within bounds, until stop is
// called. What GOGC says in the environment wins.
func tuneGC(parent context.Context) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(mostGarbage)
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		percent := mostGarbage
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if p := gcPercent(liveHeap()); p != percent {
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

// gcPercent is the GOGC that keeps garbage within max(freeGarbage, live/2).
func gcPercent(live uint64) int {
	if live == 0 {
		return mostGarbage
	}
	garbage := max(freeGarbage, live/2)
	return int(min(mostGarbage, garbage*100/live))
}

// liveHeap is what the last collection could not free, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
