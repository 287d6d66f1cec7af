package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// mostGarbage is a GOGC of 250. A run over hosts seen once, 256 at a time,
	// then takes 58 MiB; with Go's 100 it takes 41, with 400 it takes 72 and a
	// tenth less CPU (60 000 refusals, medians of 3). 64 MiB are the promise.
	mostGarbage = 250
	// freeGarbage may always lie about: 250 % of the 8 MiB that live in such a run.
	// Above it, garbage is half of what lives at most: ten million URLs to tell
	// duplicates apart are a large heap, and more than twice that in garbage would
	// be no bound worth the name.
	freeGarbage = 20 << 20
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
	return int(min(mostGarbage, max(freeGarbage, live/2)*100/live))
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
