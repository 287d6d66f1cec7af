package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// garbage bounds what may lie about on the heap before it is collected: percent of
// what lives, and above free bytes half of what lives. Ten million URLs to tell
// duplicates apart are a large heap, and as much again in garbage would be no bound
// worth the name.
type garbage struct {
	percent int
	free    uint64
}

// commandGarbage has Go's own GOGC. A run over 100 000 hosts seen once then peaks at
// 54 MiB, 20 of them the program itself; 150 makes that 65 and saves 1 % of the CPU,
// 250 makes it 80. 64 MiB are the promise.
func commandGarbage() garbage { return garbage{100, 20 << 20} }

// serviceGarbage is for services, which allocate for every request and keep little.
// With it a gateway and its worker answer a tenth more requests of 100 URLs than with
// 300 and 20 MiB (make bench-service, stack-100), for some 20 MiB more in each.
func serviceGarbage() garbage { return garbage{400, 32 << 20} }

// tuneGC keeps garbage within most until stop is called. What GOGC says in the
// environment wins.
func tuneGC(parent context.Context, most garbage) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(most.percent)
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		percent := most.percent
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if p := most.of(liveHeap()); p != percent {
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

// of gives the GOGC for so many bytes that live.
func (g garbage) of(live uint64) int {
	if live == 0 {
		return g.percent
	}
	return int(min(uint64(g.percent), max(g.free, live/2)*100/live))
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
